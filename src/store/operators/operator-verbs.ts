import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { OperatorNote } from '../../core/operator-event.ts'
import type { Page } from '../page.ts'
import type { Act, ActEnd, ActQuery, NewAct } from './acts.ts'
import type { AdminToken, AdminTokenOwner, NewAdminToken } from './admin-tokens.ts'
import type { NewNode, ServiceNode } from './nodes.ts'
import type {
  ClaimedOperatorEvent,
  FiringOperatorEvent,
  ListedOperatorEvents,
  NotedOperatorEvents,
  OperatorClaimRequest,
  OperatorEventPlace,
  OperatorSettlement,
} from './operator-events.ts'

/** The verbs of this folder: who may do what, who has done what, what operators are told, which nodes there are, and facts of the database. */
export interface OperatorVerbs {
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
  /** What is kept of them, the last noted first, and whether the channel takes anything. */
  listOperatorEvents(page: { limit: number; before: OperatorEventPlace | null }): Promise<ListedOperatorEvents>
  /** Those that have not ended, by when they were noted first. */
  firingOperatorEvents(): Promise<FiringOperatorEvent[]>
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

  /** From now on no message is claimed, on any node and after any restart, until `resumeDeliveries`. Again: changes nothing. */
  holdDeliveries(): Promise<void>
  resumeDeliveries(): Promise<void>
  /** Since when no message is claimed; null: they are. */
  deliveriesHeldAt(): Promise<number | null>

  /** Writes something, to learn whether the database can be written. */
  probe(): Promise<void>
}
