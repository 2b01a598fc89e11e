import { afterTold, type OperatorCondition, type OperatorEvent } from '../core/operator-event.ts'

export type OperatorEventName = Pick<OperatorEvent, 'condition' | 'subject'>

/** What came of notes, beside what is to be told now. */
export interface NotedOperatorEvents {
  /** Of these only the count has risen. */
  merged: readonly OperatorCondition[]
  /** These had to go, because there are more than are kept. */
  dropped: readonly OperatorCondition[]
}

export interface OperatorClaimRequest {
  limit: number
  leaseMs: number
  /** From now on nobody claims for so long. */
  gapMs: number
}

export interface ClaimedOperatorEvent extends OperatorEvent {
  id: number
  /** The fencing token. */
  claim: number
}

export interface OperatorSettlement {
  events: readonly Pick<ClaimedOperatorEvent, 'condition' | 'subject' | 'claim' | 'state' | 'count'>[]
  /** `told`: that they were so, and so often; `untold`: they are due again; `dropped`: they are not told as they are. */
  outcome: 'told' | 'untold' | 'dropped'
  /** Nobody claims before; null: as the claim says. */
  claimableAt: number | null
}

/** Whether noting it has only raised the count. */
export const isMerged = (after: OperatorEvent, now: number): boolean => after.dueAt === null || after.dueAt > now

/** When the event is to be told, and what was, once its claim is settled. */
export const afterSettling = (
  event: OperatorEvent,
  told: Pick<OperatorEvent, 'state' | 'count'>,
  { outcome, at }: { outcome: OperatorSettlement['outcome']; at: number },
): Pick<OperatorEvent, 'toldState' | 'toldAt' | 'dueAt'> => {
  const { toldState, toldAt } = event
  if (outcome === 'told') return afterTold(event, told, at)
  return { toldState, toldAt, dueAt: outcome === 'untold' ? at : null }
}

/** @param row `details` is JSON */
export const eventOfRow = ({
  details,
  claims,
  ...row
}: Omit<ClaimedOperatorEvent, 'details' | 'claim'> & { details: string; claims: number }): ClaimedOperatorEvent => ({
  ...row,
  details: JSON.parse(details) as OperatorEvent['details'],
  claim: claims,
})
