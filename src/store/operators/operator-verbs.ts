import type { Observation } from '../../core/alert.ts'
import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { Page } from '../page.ts'
import type { Act, ActEnd, ActQuery, NewAct } from './acts.ts'
import type { AdminToken, AdminTokenOwner, NewAdminToken } from './admin-tokens.ts'
import type {
  ClaimedOperatorEvent,
  FiringOperatorEvent,
  ListedOperatorEvents,
  NotedOperatorEvents,
  OperatorClaimRequest,
  OperatorEventPlace,
  OperatorSettlement,
} from './alerts.ts'
import type { NewNode, ServiceNode } from './nodes.ts'

/** Verbs of this folder: admin tokens, the audit, alerts, nodes, and facts about the database. */
export interface OperatorVerbs {
  createAdminToken(token: NewAdminToken): Promise<AdminToken>
  /** Oldest first, at most `limit`, after the token `after`. */
  listAdminTokens(page: { limit: number; after: string | null }): Promise<Page<AdminToken>>
  /** Returns the token, or null if it does not exist. A token revoked before stays as it is. */
  revokeAdminToken(id: string): Promise<AdminToken | null>
  findAdminToken(id: string): Promise<AdminTokenOwner | null>
  /** Records that these tokens are in use now. */
  touchAdminTokens(ids: readonly string[]): Promise<void>
  /**
   * Records an act before it is done, or, with an outcome, one that came to nothing. Returns its id.
   * Also erases some acts older than a year.
   */
  recordAct(act: NewAct): Promise<number>
  endAct(id: number, outcome: ActEnd): Promise<void>
  /** Newest first. */
  listActs(query: ActQuery): Promise<Page<Act, number>>

  /** Notes conditions, each by `afterObservation`. At most 1,000 alerts are stored. */
  noteOperatorEvents(notes: readonly Observation[]): Promise<NotedOperatorEvents>
  /**
   * Claims due alerts in the order of `byUrgency`, each for one caller until its lease ends.
   * Returns none within `gapMs` after a claim that returned alerts, on any node.
   */
  claimOperatorEvents(claim: OperatorClaimRequest): Promise<ClaimedOperatorEvent[]>
  /** Records the result of a notice. Changes no alert that was claimed again since. */
  settleOperatorEvents(settlement: OperatorSettlement): Promise<void>
  /** Returns the stored alerts, last noted first, and whether the channel refuses everything. */
  listOperatorEvents(page: { limit: number; before: OperatorEventPlace | null }): Promise<ListedOperatorEvents>
  /** Returns the alerts that have not ended, in the order in which they were first noted. */
  firingOperatorEvents(): Promise<FiringOperatorEvent[]>
  /** Records that the channel refuses every notice; null: it does not, or none is set. */
  recordOperatorChannel(refusing: RefusingChannel | null): Promise<void>

  /**
   * Records that this node is alive, marks silent nodes as lost and removes nodes by `planHeartbeat`.
   * Each node calls it every few seconds. Returns all nodes with this one, oldest first.
   */
  beatNode(node: NewNode): Promise<ServiceNode[]>
  /** Oldest first. */
  listNodes(): Promise<ServiceNode[]>
  /** Removes a node that has stopped in an orderly way. */
  removeNode(id: string): Promise<void>

  /** Stops all claims of messages, on each node and after restarts, until `resumeDeliveries`. Idempotent. */
  holdDeliveries(): Promise<void>
  resumeDeliveries(): Promise<void>
  /** Returns the time since which no message is claimed, or null if messages are claimed. */
  deliveriesHeldAt(): Promise<number | null>

  /** Writes a row, to learn whether the database can be written. */
  probe(): Promise<void>
}
