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
 * What the service remembers: the verbs of all nouns; those of `operators/` stand in a file of that folder. Every verb is atomic, and durable
 * when its promise resolves: a power cut afterwards loses nothing of it. Times are epoch ms by the store's own clock. A verb that takes a
 * `partnerId` sees only what is that partner's; another partner's object is null, like an object that does not exist.
 *
 * Throws `AppError('unavailable')` when the database cannot be read or written now; then nothing is half done. Only after
 * the disk refused to sync, which `broken` tells, may the restart show that the whole of a write was done.
 */
export interface Store extends OperatorVerbs {
  /** The clock for leases and due times. */
  now(): number
  readonly hints: EventEmitter<StoreHints>

  /** One result an item, in order. A registration whose verdict is known is resolved, and its message due, at once. */
  register(items: readonly NewRegistration[]): Promise<Registered[]>
  findRegistration(partnerId: string, id: string): Promise<Registration | null>
  /** Newest first, `limit` at most, from before the registration `before`. A page looks at as many as one of `searchRegistrations`. */
  listRegistrations(partnerId: string, query: RegistrationQuery): Promise<SearchPage<Registration>>
  /** All of these serials, newest first. Null: they are more than `limit`, of which it looks at one more at most. */
  lookUpRegistrations(partnerId: string, idcardids: readonly string[], limit: number): Promise<Registration[] | null>
  /** Those of these registrations, of any partner, that are not pending any more. */
  endedAmong(ids: readonly string[]): Promise<string[]>
  /** Ends it as `cancelled`: no more polls, no more attempts, and erases what was known. Again: changes nothing. */
  cancel(partnerId: string, id: string): Promise<Cancellation | null>
  /** Makes the verification due now; changes nothing for a registration that has ended. */
  nudge(partnerId: string, id: string): Promise<Registration | null>
  /** Makes the message due now, whatever its state, with a new schedule and the same id. Ends the hold of its URL. */
  resend(partnerId: string, id: string): Promise<ResendOutcome | null>
  /**
   * The partner's events after the position, or from the first where `after` is null. They come in the order of their
   * commits, so no event is ever added behind a reader. `lost` tells a reader that a restore has ended its history. What
   * cannot be decrypted is left out. A page looks at `EVENT_WINDOW` events at most, so one that is not the last may have fewer than
   * `limit`, even none: its `end` is what has been looked at.
   */
  listEvents(partnerId: string, query: EventQuery): Promise<EventPage>
  /** The newest 50, in the order in which they began. */
  listAttempts(partnerId: string, id: string): Promise<Attempt[] | null>
  explain(partnerId: string, id: string): Promise<Explanation | null>

  /** Over all partners, newest first. A page looks at so many registrations at most (`registrations/filter.ts`). `reader`: the token's id. */
  searchRegistrations(query: SearchQuery, reader?: string): Promise<SearchPage<FoundRegistration>>
  /** How many a search would find, up to `MOST_MATCHES` among so many. */
  countRegistrations(wanted: Pick<SearchQuery, 'filter' | 'act'>, reader?: string): Promise<BoundedCount>
  /** All that `exhaustedIn` means. */
  countExhausted(partnerId: string, span: { since: number; until: number }): Promise<number>
  /** Open failures by host and error; the newest of them, where there are very many. */
  groupFailures(reader?: string): Promise<FailureGroups>
  /** Whose registration it is; null: there is none. */
  partnerOf(registrationId: string): Promise<string | null>

  /**
   * Hands out verifications that are due, each to one caller only until its lease runs out: at most
   * `concurrency - busy` an account, within the account's rate, in turn over the partners. Of a paused account it hands out
   * one row, when the next canary is due.
   */
  claimVerifications(claim: VerificationClaimRequest): Promise<ClaimedVerifications>
  /**
   * Records answers. A step counts only while its claim holds, and once. The first verdict counts whoever brings it: it
   * resolves every registration that waits and creates their messages, in the same transaction. It is not kept where
   * everybody has cancelled. One outcome a settlement, in order; null: it ended nobody.
   */
  settleVerifications(settlements: readonly VerificationSettlement[]): Promise<readonly (VerificationOutcome | null)[]>

  /**
   * The clock may have been set back: what is due later than after the longest pause there is, is due now, at most `limit` rows of each
   * queue. How many it were; 0: none are left.
   */
  mendDueTimes(longest: LongestPauses, limit: number): Promise<number>

  /** Adds to what is known of the ages at which the account's checks are completed. Several nodes may add to it. */
  changeCompletions(accountId: string, change: BinsChange): Promise<void>
  completionsOf(accountId: string): Promise<CompletionBins>

  /** Hands out messages that are due, each to one caller only until its lease runs out, shared over partners and hosts. */
  claimMessages(claim: MessageClaimRequest): Promise<ClaimedMessages>
  /**
   * Records attempts, each once. The attempt of a claim that no longer holds is recorded too, and a 2xx of it still
   * delivers, unless the message has been resent since. One outcome a settlement, in order.
   */
  settleMessages(settlements: readonly MessageSettlement[]): Promise<readonly MessageOutcome[]>

  /**
   * Takes a URL to work, since a test of it was answered well, or an operator says so: what was held goes out,
   * and its failures are forgotten. Whether messages were held.
   */
  enableCallback(callback: Callback, end: 'test' | 'operator'): Promise<boolean>
  /** Holds what is for a URL until an operator enables it. False: one has disabled it already. */
  disableCallback(callback: Callback): Promise<boolean>
  /**
   * URLs that fail or are held, in the order of partner and URL, from after `after`; null: of all partners, and then without those that
   * have only begun to fail.
   */
  listCallbacks(
    partnerId: string | null,
    page: { after: Callback | null; limit: number },
  ): Promise<Page<CallbackTrouble, Callback>>
  /**
   * Hands out notices of disabled URLs that are due, `limit` at most and one of each partner, and puts each off until its next try. Where
   * the partner has no URL that works, there is none.
   */
  claimCallbackNotices(limit: number): Promise<readonly CallbackNotice[]>
  /** Its partner has been told. */
  endCallbackNotice(callback: Callback): Promise<void>

  findContact(partnerId: string): Promise<Contact | null>
  /** Null: there is none from now on. Another URL has been told nothing; the same one is tried again now. */
  putContact(partnerId: string, contact: Contact | null): Promise<void>
  /** Hands out contacts that are to be told something, of partners that are not disabled, each to one caller only until its lease runs out. */
  claimContacts(limit: number): Promise<readonly ClaimedContact[]>
  /** Records what came of it. What no longer holds its claim changes nothing. */
  settleContact(settlement: ContactSettlement): Promise<void>

  /** Keeps what is to be done, and does nothing yet. */
  createBulkAct(bulk: NewBulkAct): Promise<BulkAct>
  findBulkAct(id: string): Promise<BulkAct | null>
  /** Newest first, `limit` at most, from before the bulk act `before`. */
  listBulkActs(page: { limit: number; before: string | null }): Promise<Page<BulkAct>>
  /** Begins a draft, or goes on with what was stopped. `continueBulkActs` does the work, also after a restart. */
  startBulkAct(id: string): Promise<BulkCommand | null>
  stopBulkAct(id: string): Promise<BulkCommand | null>
  /**
   * One step of the bulk act whose last step is the longest ago among those of operators and the oldest of each partner, or of the one
   * that `id` names: reads `BULK_WINDOW` registrations, and does the act to up to `limit` of them (of a partner's act `PARTNER_BATCH`),
   * which may be none. Where it fails, but for `unavailable`, that act ends as `failed`.
   */
  continueBulkActs(limit: number, id?: string): Promise<BulkStep>

  /** Throws a conflict where another has its name, as `changePartner` does. */
  createPartner(partner: NewPartner): Promise<Partner>
  findPartner(id: string): Promise<Partner | null>
  /** By their ids; without those that there are not. */
  partnerNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Oldest first, `limit` at most, from after the partner `after`. */
  listPartners(page: { limit: number; after: string | null }): Promise<Page<Partner>>
  /**
   * Changes what `change` names. While a partner is disabled, its keys are refused and nothing is asked or sent for it;
   * nothing is lost.
   */
  changePartner(id: string, change: PartnerChange): Promise<Partner | null>
  /** Null: there is no such partner. */
  createKey(partnerId: string, key: NewKey): Promise<ApiKey | null>
  listKeys(partnerId: string): Promise<ApiKey[] | null>
  /** A key that is revoked already stays as it is. */
  revokeKey(id: string): Promise<ApiKey | null>
  findKey(id: string): Promise<KeyOwner | null>
  /** Records that these keys have been used now. */
  touchKeys(ids: readonly string[]): Promise<void>
  /**
   * What signs the partner's webhooks now, newest first, without what cannot be decrypted. Throws `AppError('unavailable')`
   * where that leaves none.
   */
  liveSecrets(partnerId: string): Promise<readonly Secret[]>
  usageOf(partnerId: string): Promise<Usage>
  /** @param idOrApiId the account, as in `accountFor` */
  statusOf(partnerId: string, idOrApiId: string | null): Promise<PartnerStatus>
  /** The live ones, newest first. */
  listSigningSecrets(partnerId: string): Promise<SigningSecret[]>
  /**
   * Adds a secret. The earlier ones stay live for `overlapMs`, or less where their end was set already. Null: as many are live
   * as may be, and the overlap would make it one more.
   */
  rotateSigningSecret(partnerId: string, secret: NewSigningSecret, overlapMs: number): Promise<RotatedSecret | null>
  /** Ends it now, which changes nothing where it has ended. */
  endSigningSecret(partnerId: string, id: string): Promise<EndOfSecret | null>

  /** Creates or updates the account that the settings name, and makes it the default one. */
  putDefaultAccount(account: Omit<NewAccount, 'rate' | 'partnerId'>): Promise<Account>
  /** One that was removed comes back with its id. Null: there is one with this APIID already. */
  createAccount(account: NewAccount): Promise<Account | null>
  /** By id or APIID, one that is in use. */
  findAccount(idOrApiId: string): Promise<Account | null>
  /**
   * The account with this id or APIID; for null, the partner's own account, or the default one where it has none. Null: there
   * is none, or it is bound to another partner.
   */
  accountFor(partnerId: string, idOrApiId: string | null): Promise<Account | null>
  /** Those in use. */
  listAccounts(page: { limit: number; after: string | null }): Promise<Page<Account>>
  /** Null of a field: it stays. Where it is paused, though not by an operator, the next canary goes at once. */
  changeAccount(
    id: string,
    change: { apiKey: Secret | null; passwordMode: NewAccount['passwordMode'] | null },
  ): Promise<Account | null>
  /** Nothing is asked of it, not even by a canary, until an operator resumes it. */
  pauseAccount(id: string): Promise<Account | null>
  /** Resumes it with a slow start. An account that is not paused stays as it is. */
  resumeAccount(id: string): Promise<Account | null>
  /** By `judgeRemoval`: nobody finds it any more, but what waits for it, or registers for it yet, is asked with its key. */
  removeAccount(id: string): Promise<AccountRemoval | null>

  /**
   * Looks at `limit` registrations that ended before `before`, in the order in which they ended, from behind `place` on; null: from
   * the first. Erases them, with their messages and attempts, and with their verification and their lane where they are its last. What
   * waits to be sent is kept, but not what is held. Once it has looked at all it also erases what is as old of secrets that have ended
   * and of URLs that nothing is held for, and removed accounts that nothing waits for.
   */
  prune(before: number, limit: number, place: PrunePlace | null): Promise<Pruned>
  /**
   * Looks at `limit` sealed values from `place` on, and moves those under another master key to the current one; null begins a
   * change of the key. What it does not move opens under no key that is there.
   */
  reseal(place: ResealPlace | null, limit: number): Promise<Resealed>

  /** How it is going, as of one moment, however much there is: what metrics, the overview, `status` and operators are told from. */
  stats(): Promise<Stats>
  /** What this partner has not received, of what was given up within `GIVEN_UP_MS` or since then (epoch ms). */
  givenUpOf(partnerId: string, since: number): Promise<GivenUp>
  /** Needs no database, so it is told while that is away. */
  engineCounts(): Promise<EngineCounts>

  close(): Promise<void>
}
