import type { Verdict } from '../../core/answer.ts'
import type { Quotas, Usage } from '../partners/quotas.ts'
import { isOfBatch, NEW_IN_BATCH, NUDGED, queueOfNew } from '../verifications/poll-queues.ts'
import type { Registration } from './registration.ts'
import type { Ending } from './resolutions.ts'

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
  /** It came with others, which as a whole are less urgent than what comes by itself. */
  isBatch: boolean
  /** The trace that its request belongs to (`readTraceparent`); null: none. */
  traceparent: string | null
}

export type Registered =
  | { outcome: 'created' | 'existing'; registration: Registration }
  /** The serial belongs to another partner. */
  | { outcome: 'taken' }
  /** The serial has that many registrations already. */
  | { outcome: 'too_many'; limit: number }
  /** The partner has used up what it may have. */
  | { outcome: 'over_quota'; quota: keyof Quotas; limit: number }
  /** The verdict of the serial is there and cannot be decrypted. */
  | { outcome: 'unreadable' }

/** A serial that somebody has registered already. */
export interface KnownVerification {
  partnerId: string
  queue: number
  dueAt: number | null
  claimedAt: number | null
  verdict: Verdict | 'unreadable' | null
  observedAt: number | null
  previousPollAt: number | null
}

/** Live registrations of one serial: those that have not ended without a verdict. */
const MOST_LIVE = 100
/** Registrations of one serial that are not erased yet, whatever became of them: whoever looks for a pair goes through all. */
const MOST_OF_A_SERIAL = 1_000

export interface RegisterFacts {
  verification: KnownVerification | null
  /** The partner that has a serial of the account with the same key (`serialKey`); null: nobody has. */
  ownerOfSerialKey: string | null
  /** How many the serial has: live, and all that were ever made. */
  registrations: { live: number; made: number }
  /** The serial is registered for this URL already, and has not ended without a verdict. */
  hasLive: boolean
  /** The partner has a lane for the URL's host already. */
  hasLane: boolean
  /** Null: the partner has no quotas. */
  quotas: { limits: Quotas; usage: Usage } | null
}

type RegisterPlan =
  | { outcome: 'existing' }
  | Exclude<Registered, { registration: Registration }>
  | {
      outcome: 'created'
      expiresAt: number
      /** When to ask next, and in which queue; null: never, since the verdict is known. */
      ask: Nudge | null
      /** What to tell at once. */
      ending: Omit<Ending, 'registration'> | null
    }

/** Columns of a verification. */
export interface Nudge {
  nudgedAt: number
  queue: number
  dueAt: number
}

/** Decides what becomes of one item; of several for the same serial, each sees what the one before has written. */
export const register = (item: NewRegistration, facts: RegisterFacts, at: number): RegisterPlan => {
  const { verification } = facts
  if (isTaken(item, facts)) return { outcome: 'taken' }
  if (facts.hasLive) return { outcome: 'existing' }
  // Neither can its verdict be told nor may it be asked again: the first verdict is final.
  if (verification?.verdict === 'unreadable') return { outcome: 'unreadable' }
  const { live, made } = facts.registrations
  if (live >= MOST_LIVE) return { outcome: 'too_many', limit: MOST_LIVE }
  if (made >= MOST_OF_A_SERIAL) return { outcome: 'too_many', limit: MOST_OF_A_SERIAL }
  const over = facts.quotas && overQuota(facts.quotas, !facts.hasLane)
  if (over) return { outcome: 'over_quota', ...over }

  const created = { outcome: 'created', expiresAt: item.expiresAt ?? at + item.ttlMs } as const
  if (!verification?.verdict) return { ...created, ask: askFor(verification, item, at), ending: null }
  const { verdict, observedAt, previousPollAt } = verification
  return {
    ...created,
    ask: null,
    ending: {
      accountId: item.accountId,
      idcardid: item.idcardid,
      verdict,
      reason: null,
      rawStatus: verdict.status,
      observedAt: observedAt ?? at,
      previousPollAt,
    },
  }
}

/** A serial with nobody waiting is treated as new. */
const askFor = (verification: KnownVerification | null, { isBatch }: NewRegistration, at: number): Nudge => {
  if (!verification || verification.dueAt === null) return { nudgedAt: at, queue: queueOfNew(isBatch), dueAt: at }
  const asked = nudge(verification, at)
  // A batch may bring forward what came in one; what came by itself is before it already.
  return isBatch ? { ...asked, queue: isOfBatch(verification.queue) ? NEW_IN_BATCH : verification.queue } : asked
}

/** A serial, with all that have its key, belongs to whoever registered the first of them. */
const isTaken = ({ partnerId }: NewRegistration, { verification, ownerOfSerialKey }: RegisterFacts): boolean => {
  const owner = verification?.partnerId ?? ownerOfSerialKey
  return owner !== null && owner !== partnerId
}

/**
 * Somebody is back. During a call the lease stays: whoever settles it sees that a nudge came in between. A nudge never makes
 * a poll later, but for the nudges before it.
 */
export const nudge = ({ dueAt, claimedAt }: Pick<KnownVerification, 'dueAt' | 'claimedAt'>, at: number): Nudge => {
  const isInCall = dueAt !== null && claimedAt !== null && dueAt > at
  return { nudgedAt: at, queue: NUDGED, dueAt: isInCall ? dueAt : Math.min(dueAt ?? at, at) }
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
