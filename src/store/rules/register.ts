import type { Verdict } from '../../core/answer.ts'
import type { NewRegistration, Quotas, Usage } from '../store.ts'
import type { Ending } from './resolve.ts'

/** A serial that somebody has registered already. */
export interface KnownVerification {
  id: number
  partnerId: string
  dueAt: number | null
  claimedAt: number | null
  verdict: Verdict | null
  observedAt: number | null
  previousPollAt: number | null
}

export interface RegisterFacts {
  verification: KnownVerification | null
  /** The serial is registered for this URL already, and has not ended without a verdict. */
  hasLive: boolean
  /** Null: the partner has no lane for the URL's host yet. */
  laneId: number | null
  /** Null: the partner has no quotas. */
  quotas: { limits: Quotas; usage: Usage } | null
}

export type RegisterPlan =
  | { outcome: 'existing' }
  | { outcome: 'taken' }
  | { outcome: 'over_quota'; quota: keyof Quotas; limit: number }
  | {
      outcome: 'created'
      expiresAt: number
      /** When to ask next; null: never, since the verdict is known. */
      ask: Nudge | null
      /** What to tell at once. */
      ending: Omit<Ending, 'registration'> | null
    }

/** Columns of a verification. */
export interface Nudge {
  nudgedAt: number
  dueAt: number
}

/** Decides what becomes of one item; of several for the same serial, each sees what the one before has written. */
export const register = (item: NewRegistration, facts: RegisterFacts, at: number): RegisterPlan => {
  const { verification } = facts
  if (verification && verification.partnerId !== item.partnerId) return { outcome: 'taken' }
  if (facts.hasLive) return { outcome: 'existing' }
  const over = facts.quotas && overQuota(facts.quotas, facts.laneId === null)
  if (over) return { outcome: 'over_quota', ...over }

  const created = { outcome: 'created', expiresAt: item.expiresAt ?? at + item.ttlMs } as const
  if (!verification?.verdict)
    return { ...created, ask: nudge(verification ?? { dueAt: null, claimedAt: null }, at), ending: null }
  const { verdict, observedAt, previousPollAt } = verification
  return {
    ...created,
    ask: null,
    ending: {
      idcardid: item.idcardid,
      verdict,
      reason: null,
      rawStatus: verdict.status,
      observedAt: observedAt ?? at,
      previousPollAt,
    },
  }
}

/**
 * Somebody is back. During a call the lease stays: whoever settles it sees that a nudge came in between. What is due already
 * keeps its place in the queue: a nudge never makes a poll later.
 */
export const nudge = ({ dueAt, claimedAt }: { dueAt: number | null; claimedAt: number | null }, at: number): Nudge => {
  if (dueAt === null) return { nudgedAt: at, dueAt: at }
  const isInCall = claimedAt !== null && dueAt > at
  return { nudgedAt: at, dueAt: isInCall ? dueAt : Math.min(dueAt, at) }
}

/** The quota that one more registration would break. */
const overQuota = (
  { limits, usage }: { limits: Quotas; usage: Usage },
  isNewHost: boolean,
): { quota: keyof Quotas; limit: number } | null => {
  for (const quota of ['pending', 'daily', 'hosts'] as const) {
    const limit = limits[quota]
    if (quota === 'hosts' && !isNewHost) continue
    if (limit !== null && usage[quota] >= limit) return { quota, limit }
  }
  return null
}
