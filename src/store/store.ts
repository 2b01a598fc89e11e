import type { EventEmitter } from 'node:events'
import type { AccountChange, AccountState, PauseReason } from '../core/account.ts'
import type { Answer, Verdict } from '../core/answer.ts'
import type { MessageState, MessageStep, MessageType } from '../core/message.ts'
import type { Secret } from '../core/secret.ts'
import type { Reason, VerificationState, VerificationStep } from '../core/verification.ts'

/**
 * What the service remembers. Every verb is atomic, and durable when its promise resolves: a power cut afterwards loses
 * nothing of it. Times are epoch ms of the store's own clock. A verb that takes a `partnerId` sees only what is that
 * partner's; what is somebody else's is null, like what does not exist.
 *
 * Throws `AppError('unavailable')` when the database cannot be read or written now; nothing is half done then.
 */
export interface Store {
  /** The clock that leases and due times go by. */
  now(): number
  readonly events: EventEmitter<StoreEvents>

  /** One result an item, in order. A registration whose verdict is known is resolved, and its message due, at once. */
  register(items: readonly NewRegistration[]): Promise<Registered[]>
  findRegistration(partnerId: string, id: string): Promise<Registration | null>
  /** Newest first, `limit` at most, from before the registration `before`. */
  listRegistrations(partnerId: string, query: RegistrationQuery): Promise<Registration[]>
  /** Ends it as `cancelled`: no more polls, no more attempts, and erases what was known. Again: changes nothing. */
  cancel(partnerId: string, id: string): Promise<Registration | null>
  /** Makes the verification due now; changes nothing for a registration that has ended. */
  nudge(partnerId: string, id: string): Promise<Registration | null>
  /** Makes the message due now, whatever its state, with a new schedule and the same id. Lifts a 410 pause. */
  resend(partnerId: string, id: string): Promise<'resent' | 'no_message' | 'cancelled' | null>
  /**
   * Resends the exhausted messages that were created from `since` to `until`, of registrations that are not cancelled: how
   * many there are now. It goes on in batches that `continueResends` does, also after a restart.
   */
  startResend(partnerId: string, resend: NewBulkResend): Promise<BulkResend>
  findResend(partnerId: string, id: string): Promise<BulkResend | null>
  /** Makes up to `limit` messages of bulk resends due; how many it did. */
  continueResends(limit: number): Promise<number>
  /** The partner's messages in the order of their commits, from after `after`: none is ever committed behind a reader. */
  listEvents(partnerId: string, page: { after: number; limit: number }): Promise<StoredEvent[]>
  /** Oldest first. */
  listAttempts(partnerId: string, id: string): Promise<Attempt[] | null>
  explain(partnerId: string, id: string): Promise<Explanation | null>

  /**
   * Hands out verifications that are due, each to one caller only until its lease runs out: at most
   * `concurrency - busy` an account, within the account's rate, in turn over the partners. Of a paused account it hands
   * out one row, when the next canary is due.
   */
  claimVerifications(claim: VerificationClaim): Promise<ClaimedVerifications>
  /**
   * Records answers. A step whose claim no longer holds is dropped, but for a first verdict, which always counts. A
   * verdict resolves every waiting registration and creates their messages in the same transaction.
   */
  settleVerifications(settlements: readonly VerificationSettlement[]): Promise<void>

  /** Hands out messages that are due, each to one caller only until its lease runs out, shared over partners and hosts. */
  claimMessages(claim: MessageClaim): Promise<ClaimedMessages>
  /** Records attempts. Where the claim no longer holds the attempt is still recorded, and a delivery still counts. */
  settleMessages(settlements: readonly MessageSettlement[]): Promise<void>

  createPartner(partner: NewPartner): Promise<Partner>
  findPartner(id: string): Promise<Partner | null>
  /** Oldest first, `limit` at most, from after the partner `after`. */
  listPartners(page: { limit: number; after: string | null }): Promise<Partner[]>
  /** Changes what `change` names. A disabled partner's keys stop, and nothing is asked or sent for it; nothing is lost. */
  changePartner(id: string, change: PartnerChange): Promise<Partner | null>
  createKey(partnerId: string, key: NewKey): Promise<ApiKey | null>
  listKeys(partnerId: string): Promise<ApiKey[] | null>
  revokeKey(id: string): Promise<ApiKey | null>
  findKey(id: string): Promise<KeyOwner | null>
  touchKeys(ids: readonly string[]): Promise<void>
  /** What signs the partner's webhooks now, newest first. */
  liveSecrets(partnerId: string): Promise<readonly Secret[]>
  usageOf(partnerId: string): Promise<Usage>
  /** The live ones, newest first. */
  listSigningSecrets(partnerId: string): Promise<SigningSecret[]>
  /** Adds one; those there were stay live for `overlapMs` more. */
  rotateSigningSecret(partnerId: string, secret: NewSigningSecret, overlapMs: number): Promise<SigningSecret>

  /** Creates or updates the account that the settings name, and makes it the default one. */
  putDefaultAccount(account: Omit<NewAccount, 'rate' | 'partnerId'>): Promise<Account>
  /** Null where there is one with this APIID already. */
  createAccount(account: NewAccount): Promise<Account | null>
  /** By id or APIID. */
  findAccount(idOrApiId: string): Promise<Account | null>
  /** The account that a partner means by an id or APIID, or uses where it names none; never one bound to another partner. */
  accountFor(partnerId: string, idOrApiId: string | null): Promise<Account | null>
  listAccounts(page: { limit: number; after: string | null }): Promise<Account[]>
  pauseAccount(id: string): Promise<Account | null>
  /** Resumes it with a slow start. */
  resumeAccount(id: string): Promise<Account | null>

  /**
   * Erases registrations that ended before `before`, with their messages, attempts and serials, `limit` at most; how many
   * it erased. What still waits to be sent is kept.
   */
  prune(before: number, limit: number): Promise<number>
  /** Seals anew, under the current master key, what is sealed under another, `limit` rows at most; how many it sealed. */
  reseal(limit: number): Promise<number>

  /** Writes something, to learn whether the database can be written. */
  probe(): Promise<void>
  close(): Promise<void>
}

export interface StoreEvents {
  /** Something may be due earlier than the last claim said. */
  verificationsDue: []
  messagesDue: []
  resendsDue: []
  /** These registrations left `pending`. */
  resolved: [registrationIds: readonly string[]]
  /** The database file can no longer be trusted (a failed fsync, a replaced file): stop, and recover on restart. */
  broken: [error: Error]
}

export type RegistrationStatus = 'pending' | 'succeeded' | 'failed' | 'unresolved' | 'cancelled'

export interface Registration {
  id: string
  partnerId: string
  idcardid: string
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  status: RegistrationStatus
  reason: Reason | null
  verdict: Verdict | null
  polls: number
  lastPolledAt: number | null
  nextPollAt: number | null
  delivery: { messageId: string | null; state: MessageState; attempts: number; nextAttemptAt: number | null }
  createdAt: number
  expiresAt: number
  resolvedAt: number | null
}

export interface NewRegistration {
  id: string
  partnerId: string
  accountId: string
  idcardid: string
  /** Normalised and judged. */
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  /** Null: `ttlMs` from now. */
  expiresAt: number | null
  ttlMs: number
}

export type Registered =
  | { outcome: 'created' | 'existing'; registration: Registration }
  /** The serial belongs to another partner. */
  | { outcome: 'taken' }
  /** The partner has used up what it may have. */
  | { outcome: 'over_quota'; quota: keyof Quotas; limit: number }

export interface RegistrationQuery {
  idcardid: string | null
  status: RegistrationStatus | null
  delivery: MessageState | null
  limit: number
  before: string | null
}

export interface VerificationClaim {
  /** Calls in flight on this node, by account. */
  busy: ReadonlyMap<string, number>
  concurrency: number
  leaseMs: number
}

export interface ClaimedVerifications {
  claims: { account: ClaimedAccount; verifications: ClaimedVerification[] }[]
  /** When there may be more to claim, if nothing else happens; null: nothing is waiting. */
  nextAt: number | null
}

export interface ClaimedAccount extends AccountState {
  id: string
  apiId: string
  apiKey: Secret
  passwordMode: 'dynamic' | 'static'
}

export interface ClaimedVerification extends VerificationState {
  id: number
  /** The fencing token. */
  claim: number
  partnerId: string
  idcardid: string
  polls: number
}

export interface VerificationSettlement {
  id: number
  claim: number
  answer: Answer
  /** When the call was made and when its answer was there. */
  askedAt: number
  observedAt: number
  step: VerificationStep
  account: { id: string; change: AccountChange } | null
}

export interface MessageClaim {
  /** Free slots, and how many of them may go to hosts that have lately let attempts run into the time limit. */
  slots: number
  slowSlots: number
  perHost: number
  perPartner: number
  /** Attempts in flight on this node. */
  busyHosts: ReadonlyMap<string, number>
  busyPartners: ReadonlyMap<string, number>
  leaseMs: number
}

export interface ClaimedMessages {
  messages: ClaimedMessage[]
  /** The live signing secrets of each partner in `messages`. */
  secrets: ReadonlyMap<string, readonly Secret[]>
  nextAt: number | null
}

export interface ClaimedMessage {
  seq: number
  claim: number
  partnerId: string
  registrationId: string
  laneId: number
  slow: boolean
  strikes: number
  host: string
  callbackUrl: string
  body: string
  attempts: number
  retries: number
}

export interface NewBulkResend {
  id: string
  since: number
  until: number
}

export interface BulkResend extends NewBulkResend {
  /** When it was asked for. */
  count: number
  resent: number
  done: boolean
}

export interface StoredEvent {
  seq: number
  registrationId: string
  type: MessageType
  createdAt: number
  delivery: MessageState
  body: string
}

/** What a partner has used of its quotas. */
export interface Usage {
  pending: number
  hosts: number
  daily: number
}

/** How an attempt ended, as its partner is told. */
export type AttemptKind = 'delivered' | 'rejected' | 'gone' | 'failed'

export interface Attempt {
  at: number
  outcome: AttemptKind
  httpStatus: number | null
  error: string | null
  durationMs: number
  responseExcerpt: string | null
}

export interface MessageSettlement {
  message: Pick<ClaimedMessage, 'seq' | 'claim' | 'partnerId' | 'callbackUrl' | 'laneId' | 'strikes'>
  step: MessageStep
  attempt: Attempt
  /** The attempt ran into the time limit, so the host held its slot as long as it could. */
  timedOut: boolean
}

export interface Explanation {
  registration: Registration
  lastAnswer: Answer['kind'] | null
  lastCode: number | null
  rawStatus: string | null
  account: { id: string; pausedAt: number | null; pauseReason: PauseReason | null; pauseCode: number | null }
  lastAttempt: Attempt | null
  messageType: MessageType | null
  /** Since when the callback URL is held after a 410. */
  heldSince: number | null
}

export interface Partner {
  id: string
  name: string
  disabled: boolean
  /** `thin` webhooks leave out the scores and the message. */
  payload: 'full' | 'thin'
  quotas: Quotas
  createdAt: number
}

/** Null: no limit. */
export interface Quotas {
  /** Registrations that wait for their verdict. */
  pending: number | null
  /** Different callback hosts. */
  hosts: number | null
  /** New registrations in 24 hours. */
  daily: number | null
}

export interface PartnerChange {
  name?: string | undefined
  disabled?: boolean | undefined
  payload?: 'full' | 'thin' | undefined
  quotas?: { [Quota in keyof Quotas]?: Quotas[Quota] | undefined } | undefined
}

export interface SigningSecret {
  id: string
  type: 'v1' | 'v1a'
  createdAt: number
  /** When it stops being used; null: not planned. */
  expiresAt: number | null
}

export interface NewSigningSecret {
  id: string
  type: 'v1' | 'v1a'
  text: Secret
}

export interface NewPartner {
  id: string
  name: string
  key: NewKey
  secret: { id: string; text: Secret }
}

export interface NewKey {
  id: string
  /** SHA-256 of the secret part. */
  hash: Buffer
  /** Null: never. */
  expiresAt?: number | null | undefined
}

export interface ApiKey {
  id: string
  createdAt: number
  lastUsedAt: number | null
  expiresAt: number | null
  revokedAt: number | null
}

export interface KeyOwner {
  partnerId: string
  hash: Buffer
  /** Neither revoked, nor expired, nor of a disabled partner. */
  live: boolean
}

export interface NewAccount {
  id: string
  apiId: string
  apiKey: Secret
  passwordMode: 'dynamic' | 'static'
  /** Calls a second; null: the setting's. */
  rate: number | null
  /** The only partner that may use it; null: all. */
  partnerId: string | null
}

export interface Account {
  id: string
  apiId: string
  passwordMode: 'dynamic' | 'static'
  rate: number
  partnerId: string | null
  pausedAt: number | null
  pauseReason: PauseReason | null
  pauseCode: number | null
}
