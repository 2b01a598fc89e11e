import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { OperatorNote } from '../../core/operator-event.ts'
import type { BulkAct, BulkCommand, BulkStep, NewBulkAct } from '../bulk/bulk-act.ts'
import type { Page } from '../page.ts'
import type { BoundedCount, FailureGroups, FoundRegistration, SearchQuery } from '../registrations/filter.ts'
import type { Act, ActEnd, ActQuery, NewAct } from './acts.ts'
import type { AdminToken, AdminTokenOwner, NewAdminToken } from './admin-tokens.ts'
import type { NewNode, ServiceNode } from './nodes.ts'
import type {
  ClaimedOperatorEvent,
  NotedOperatorEvents,
  OperatorClaimRequest,
  OperatorEventName,
  OperatorSettlement,
} from './operator-events.ts'

/** The part of the store that is for operators: it sees all partners, and keeps who may do what, who has done what, and what operators are told. */
export interface OperatorVerbs {
  /** Over all partners, newest first. A page looks at so many registrations at most (`registrations/filter.ts`). */
  searchRegistrations(query: SearchQuery): Promise<Page<FoundRegistration>>
  /** How many a search would find, up to `MOST_MATCHES` among so many. */
  countRegistrations(wanted: Pick<SearchQuery, 'filter' | 'act'>): Promise<BoundedCount>
  /** All that `exhaustedIn` means. */
  countExhausted(partnerId: string, span: { since: number; until: number }): Promise<number>
  /** Open failures by host and error; the newest of them, where there are very many. */
  groupFailures(): Promise<FailureGroups>
  /** Whose registration it is; null: there is none. */
  partnerOf(registrationId: string): Promise<string | null>

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

  createAdminToken(token: NewAdminToken): Promise<AdminToken>
  /** Oldest first, `limit` at most, from after the token `after`. */
  listAdminTokens(page: { limit: number; after: string | null }): Promise<Page<AdminToken>>
  /** A token that is revoked already stays as it is. */
  revokeAdminToken(id: string): Promise<AdminToken | null>
  findAdminToken(id: string): Promise<AdminTokenOwner | null>
  /** Records that these tokens have been used now. */
  touchAdminTokens(ids: readonly string[]): Promise<void>
  /**
   * Records what an operator begins to do, before it is done; or, with an outcome, what came to nothing. Erases some of what is
   * older than a year. Gives its id.
   */
  recordAct(act: NewAct): Promise<number>
  endAct(id: number, outcome: ActEnd): Promise<void>
  /** Newest first. */
  listActs(query: ActQuery): Promise<Page<Act, number>>

  /** Notes what operators may have to be told, each by `afterNote`. A thousand events are kept. */
  noteOperatorEvents(notes: readonly OperatorNote[]): Promise<NotedOperatorEvents>
  /**
   * Hands out events that operators are to be told of, each to one caller only until its lease runs out; by `byUrgency`.
   * Whoever asks within `gapMs` of a claim, on any node, gets none.
   */
  claimOperatorEvents(claim: OperatorClaimRequest): Promise<ClaimedOperatorEvent[]>
  /** Records what came of a message. What no longer holds its claim changes nothing. */
  settleOperatorEvents(settlement: OperatorSettlement): Promise<void>
  /** Those that have not ended, by when they were noted first. */
  firingOperatorEvents(): Promise<OperatorEventName[]>
  /** Records that the channel refuses all it is sent; null: it does not, or there is none. */
  recordOperatorChannel(refusing: RefusingChannel | null): Promise<void>

  /**
   * Records that this node is there, whom it finds lost, and forgets, by `afterBeat`: each shows itself every few seconds, and whoever does
   * not is lost (`judgeNodes`). All nodes, this one too, oldest first.
   */
  beatNode(node: NewNode): Promise<ServiceNode[]>
  /** All nodes, oldest first. */
  listNodes(): Promise<ServiceNode[]>
  /** It has ended, as it was told to. */
  removeNode(id: string): Promise<void>
}
