import type { EventEmitter } from 'node:events'
import type { Contact } from '../core/operator-channel.ts'
import type { BinsChange, CompletionBins } from '../core/polling/completion-bins.ts'
import type { Secret } from '../core/secret.ts'
import type { Account, AccountRemoval, NewAccount } from './accounts/rows.ts'
import type { BulkAct, BulkCommand, BulkStep, NewBulkAct } from './bulk/states.ts'
import type { Callback, CallbackNotice, CallbackTrouble } from './callbacks/health.ts'
import type { StoreHints } from './hints.ts'
import type { EventPage, EventQuery } from './messages/events.ts'
import type {
  Attempt,
  ClaimedMessages,
  MessageClaimRequest,
  MessageOutcome,
  MessageSettlement,
} from './messages/message.ts'
import type { OperatorVerbs } from './operators/operator-verbs.ts'
import type { Page } from './page.ts'
import type { ApiKey, KeyOwner, NewKey } from './partners/api-keys.ts'
import type { ClaimedContact, ContactSettlement } from './partners/contacts.ts'
import type { NewPartner, Partner, PartnerChange } from './partners/partners.ts'
import type { Usage } from './partners/quotas.ts'
import type { EndOfSecret, NewSigningSecret, RotatedSecret, SigningSecret } from './partners/signing-secrets.ts'
import type { PartnerStatus } from './partners/status.ts'
import type { ResendOutcome } from './registrations/acts.ts'
import type { Explanation } from './registrations/explanations.ts'
import type { BoundedCount, FailureGroups, FoundRegistration, SearchQuery } from './registrations/filter.ts'
import type { RegistrationQuery } from './registrations/queries.ts'
import type { NewRegistration, Registered } from './registrations/registering.ts'
import type { Cancellation, Registration } from './registrations/registration.ts'
import type { SearchPage } from './registrations/search.ts'
import type { Resealed, ResealPlace } from './resealing.ts'
import type { Pruned, PrunePlace } from './retention/retention.ts'
import type { EngineCounts, GivenUp, Stats } from './stats/stats.ts'
import type { LongestPauses } from './verifications/due-times.ts'
import type {
  ClaimedVerifications,
  VerificationClaimRequest,
  VerificationOutcome,
  VerificationSettlement,
} from './verifications/verification.ts'

/**
 * The persistent state of the service: all verbs, those of `operators/` declared in that folder. Every verb is atomic,
 * and durable when its promise resolves: a power cut afterwards loses nothing. Times are epoch ms by the store's clock.
 * A verb with a `partnerId` sees only objects of that partner; it returns null for others, as if they did not exist.
 *
 * Throws `AppError('unavailable')` when the database cannot be read or written now; nothing is half done then. Such a
 * write may still turn out to be done as a whole in two cases: the disk refused to sync (`broken`), or PostgreSQL's
 * response to the COMMIT was lost.
 */
export interface Store extends OperatorVerbs {
  /** The clock for leases and due times. */
  now(): number
  readonly hints: EventEmitter<StoreHints>

  /** Returns one result per item, in order. If its verdict is known, it is resolved and its message is due at once. */
  register(items: readonly NewRegistration[]): Promise<Registered[]>
  findRegistration(partnerId: string, id: string): Promise<Registration | null>
  /** Newest first, at most `limit`, older than `before`. A page scans as many as one of `searchRegistrations`. */
  listRegistrations(partnerId: string, query: RegistrationQuery): Promise<SearchPage<Registration>>
  /** Returns all registrations of these serials, newest first; null if there are more than `limit`. */
  lookUpRegistrations(partnerId: string, idcardids: readonly string[], limit: number): Promise<Registration[] | null>
  /** Returns the ids among these, of any partner, whose registrations are not pending any more. */
  endedAmong(ids: readonly string[]): Promise<string[]>
  /**
   * Ends it as `cancelled`: no more polls, no more attempts. Erases its metadata and message, and the verdict once all
   * registrations of the serial are cancelled. Repeating it changes nothing.
   */
  cancel(partnerId: string, id: string): Promise<Cancellation | null>
  /** Makes the verification due now. Changes nothing if the registration has ended. */
  nudge(partnerId: string, id: string): Promise<Registration | null>
  /** Makes the message due now, in any state, with a new schedule and the same id. Ends any hold but an operator's. */
  resend(partnerId: string, id: string): Promise<ResendOutcome | null>
  /**
   * Returns the partner's events after the position, or from the first if `after` is null. They are in the order of
   * their commits, so no event is ever added behind a reader. `lost`: a restore has ended the reader's history. Events
   * that cannot be decrypted are left out. A page scans at most `EVENT_WINDOW` events, so one that is not the last may
   * have fewer than `limit`, even none; its `end` is the last event scanned.
   */
  listEvents(partnerId: string, query: EventQuery): Promise<EventPage>
  /** Returns the newest 50 attempts, in the order in which they began. */
  listAttempts(partnerId: string, id: string): Promise<Attempt[] | null>
  explain(partnerId: string, id: string): Promise<Explanation | null>

  /** Over all partners, newest first. A page scans at most `SEARCHED_AT_ONCE` registrations. `reader`: a token's id. */
  searchRegistrations(query: SearchQuery, reader?: string): Promise<SearchPage<FoundRegistration>>
  /** Returns how many registrations a search would find: at most `MAX_MATCHES`, of `COUNTED_AMONG` scanned. */
  countRegistrations(query: Pick<SearchQuery, 'filter' | 'act'>, reader?: string): Promise<BoundedCount>
  /** Returns the exact number of registrations that match `exhaustedIn`. */
  countExhausted(partnerId: string, span: { since: number; until: number }): Promise<number>
  /** Returns the open failures by host and error, from the newest `GROUPED` of them. */
  groupFailures(reader?: string): Promise<FailureGroups>
  /** Returns the id of the registration's partner, or null if there is no such registration. */
  partnerOf(registrationId: string): Promise<string | null>

  /**
   * Claims due verifications, each for one caller until its lease ends: at most `concurrency - busy` per account,
   * within the account's rate, round-robin over the partners. Of a paused or unreachable account it claims one row,
   * once the next canary is due.
   */
  claimVerifications(claim: VerificationClaimRequest): Promise<ClaimedVerifications>
  /**
   * Records answers. A step counts once, and only while its claim holds. The first verdict counts even if its claim has
   * lapsed: it resolves every waiting registration and creates their messages, in the same transaction. It is not kept
   * if no registration waits any more. Returns one outcome per settlement, in order; null where it ended no
   * registration.
   */
  settleVerifications(settlements: readonly VerificationSettlement[]): Promise<readonly (VerificationOutcome | null)[]>

  /**
   * Repairs due times after the clock was set back: rows due later than the longest pause become due now, `limit` rows
   * at a time. Returns how many rows it changed; 0 when none are left.
   */
  mendDueTimes(longest: LongestPauses, limit: number): Promise<number>

  /** Adds to the known ages at which the account's checks complete. Several nodes may call it at once. */
  changeCompletions(accountId: string, change: BinsChange): Promise<void>
  completionsOf(accountId: string): Promise<CompletionBins>

  /** Claims due messages, each for one caller until its lease ends, shared over partners and hosts. */
  claimMessages(claim: MessageClaimRequest): Promise<ClaimedMessages>
  /**
   * Records attempts, each once. The attempt of a claim that no longer holds is recorded too, and its 2xx still
   * delivers, unless the message has been resent since. Returns one outcome per settlement, in order.
   */
  settleMessages(settlements: readonly MessageSettlement[]): Promise<readonly MessageOutcome[]>

  /**
   * Treats a URL as working, after a good test or on an operator's word: releases its messages and forgets its
   * failures. Only an operator ends an operator's hold. Returns whether a hold has ended.
   */
  enableCallback(callback: Callback, end: 'test' | 'operator'): Promise<boolean>
  /** Holds messages for a URL until an operator enables it. Returns false if an operator has disabled it already. */
  disableCallback(callback: Callback): Promise<boolean>
  /**
   * URLs that fail or are held, ordered by partner and URL, from after `after`. If `partnerId` is null, those of all
   * partners, without URLs that have failed only once.
   */
  listCallbacks(
    partnerId: string | null,
    page: { after: Callback | null; limit: number },
  ): Promise<Page<CallbackTrouble, Callback>>
  /**
   * Claims due notices of disabled URLs, at most `limit` and one per partner, and postpones each until its next try.
   * Partners without a working URL get none.
   */
  claimCallbackNotices(limit: number): Promise<readonly CallbackNotice[]>
  /** Ends a notice: it has reached the partner. */
  endCallbackNotice(callback: Callback): Promise<void>

  findContact(partnerId: string): Promise<Contact | null>
  /** Null removes the contact. The next notice may go at once; to another URL everything is reported anew. */
  putContact(partnerId: string, contact: Contact | null): Promise<void>
  /** Claims contacts of enabled partners that have something to report, each for one caller until its lease ends. */
  claimContacts(limit: number): Promise<readonly ClaimedContact[]>
  /** Records the result of a notice. Changes nothing if the claim no longer holds. */
  settleContact(settlement: ContactSettlement): Promise<void>

  /** Stores a draft, and does nothing yet. */
  createBulkAct(bulk: NewBulkAct): Promise<BulkAct>
  findBulkAct(id: string): Promise<BulkAct | null>
  /** Newest first, at most `limit`, older than the bulk act `before`. */
  listBulkActs(page: { limit: number; before: string | null }): Promise<Page<BulkAct>>
  /** Begins a draft, or continues a stopped act. `continueBulkActs` does the work, also after a restart. */
  startBulkAct(id: string): Promise<BulkCommand | null>
  stopBulkAct(id: string): Promise<BulkCommand | null>
  /**
   * Does one step of the bulk act `id`, or of the one with the oldest last step, chosen among all acts of operators and
   * the oldest of each partner. A step reads `BULK_WINDOW` registrations and applies the act to at most `limit` of them
   * (a partner's act: `PARTNER_BATCH`), possibly to none. If it fails other than as `unavailable`, that act ends as
   * `failed`.
   */
  continueBulkActs(limit: number, id?: string): Promise<BulkStep>

  /** Throws a conflict if another partner has its name, as `changePartner` does. */
  createPartner(partner: NewPartner): Promise<Partner>
  findPartner(id: string): Promise<Partner | null>
  /** Returns names by id, without unknown ids. */
  partnerNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Oldest first, at most `limit`, from after the partner `after`. */
  listPartners(page: { limit: number; after: string | null }): Promise<Page<Partner>>
  /**
   * Changes the fields that `change` names. While a partner is disabled, its keys are refused, and nothing is polled or
   * sent for it; nothing is lost.
   */
  changePartner(id: string, change: PartnerChange): Promise<Partner | null>
  /** Returns null if there is no such partner. */
  createKey(partnerId: string, key: NewKey): Promise<ApiKey | null>
  listKeys(partnerId: string): Promise<ApiKey[] | null>
  /** A revoked key stays as it is. */
  revokeKey(id: string): Promise<ApiKey | null>
  findKey(id: string): Promise<KeyOwner | null>
  /** Records that these keys were used now. */
  touchKeys(ids: readonly string[]): Promise<void>
  /**
   * Returns the secrets that sign the partner's webhooks now, newest first, without any that cannot be decrypted.
   * Throws `AppError('unavailable')` if none of them can.
   */
  liveSecrets(partnerId: string): Promise<readonly Secret[]>
  usageOf(partnerId: string): Promise<Usage>
  /** @param idOrApiId the account, as in `accountFor` */
  statusOf(partnerId: string, idOrApiId: string | null): Promise<PartnerStatus>
  /** The live ones, newest first. */
  listSigningSecrets(partnerId: string): Promise<SigningSecret[]>
  /**
   * Adds a secret. The earlier ones stay live for `overlapMs`, or less if they end sooner. Returns null if the maximum
   * is live and an overlap would exceed it.
   */
  rotateSigningSecret(partnerId: string, secret: NewSigningSecret, overlapMs: number): Promise<RotatedSecret | null>
  /** Ends it now. Changes nothing if it has ended. */
  endSigningSecret(partnerId: string, id: string): Promise<EndOfSecret | null>

  /** Creates or updates the account of the settings, and makes it the default one. */
  putDefaultAccount(account: Omit<NewAccount, 'rate' | 'partnerId'>): Promise<Account>
  /** A removed account comes back with its id. Returns null if an account in use has this APIID. */
  createAccount(account: NewAccount): Promise<Account | null>
  /** Finds an account in use by its id or APIID. */
  findAccount(idOrApiId: string): Promise<Account | null>
  /**
   * Returns the account with this id or APIID; for null, the partner's own account, or else the default one. Returns
   * null if there is none or it is bound to another partner.
   */
  accountFor(partnerId: string, idOrApiId: string | null): Promise<Account | null>
  /** Accounts in use. */
  listAccounts(page: { limit: number; after: string | null }): Promise<Page<Account>>
  /** A field that is null stays. If the account is paused, but not by an operator, the next canary may go at once. */
  changeAccount(
    id: string,
    change: { apiKey: Secret | null; passwordMode: NewAccount['passwordMode'] | null },
  ): Promise<Account | null>
  /** Stops all its calls, even canaries, until an operator resumes it. */
  pauseAccount(id: string): Promise<Account | null>
  /** Ends an operator's pause with a slow start. Lets the next canary of any other pause go at once. */
  resumeAccount(id: string): Promise<Account | null>
  /**
   * Decides by `judgeRemoval`. A removed account is not found any more, but verifications that wait for it, also of
   * registrations under way, are still polled with its key.
   */
  removeAccount(id: string): Promise<AccountRemoval | null>

  /**
   * Scans `limit` registrations that ended before `before`, in the order of their ends, from after `place` (null: from
   * the first). Erases them with their messages and attempts, and with a verification or lane that has no others.
   * Messages waiting to be sent are kept, held ones are not. After the last registration it also erases equally old
   * ended secrets and URLs without held messages, and removed accounts that nothing waits for.
   */
  prune(before: number, limit: number, place: PrunePlace | null): Promise<Pruned>
  /**
   * Reads `limit` sealed values from after `place`, and moves those under another master key to the current one. Null
   * begins a change of the key. A value that it does not move opens under no known key.
   */
  reseal(place: ResealPlace | null, limit: number): Promise<Resealed>

  /** Returns figures as of one moment, at a bounded cost: the source of metrics, the overview, `status` and alerts. */
  stats(): Promise<Stats>
  /**
   * Counts this partner's given-up messages with a last attempt after `since` (epoch ms) or within the last
   * `GIVEN_UP_MS`.
   */
  givenUpOf(partnerId: string, since: number): Promise<GivenUp>
  /** Needs no database, so it works while that is unavailable. */
  engineCounts(): Promise<EngineCounts>

  close(): Promise<void>
}
