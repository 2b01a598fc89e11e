import {
  ALL_REGISTRATIONS,
  attemptError,
  type BoundedCount,
  type FoundRegistration,
  isMatch,
} from '../registrations/filter.ts'
import type { Cancellation } from '../registrations/registration.ts'
import type { BULK_STATES } from '../schema/operators.ts'
import type { Row } from '../tx.ts'

export type BulkState = (typeof BULK_STATES)[number]

type BulkRow = Row<'bulkActs'>

/**
 * An act on all registrations that match a filter, done in steps.
 *
 * - `partnerId`: partner that requested it for its own registrations; null: an operator did. `who`, `name`: of the
 *   token or API key.
 * - `filter`: with fixed times. `createdAt`: before the count; an operator's act skips registrations changed since.
 * - `probe`: it sends one message, `probeId`, and waits for its arrival at `probedAt`; null: not sent, or not known
 *   yet.
 * - `startedAt`: of the last start. `doneAtStart`: `done` at that time, or at the later arrival of its probe.
 * - `done`: number of registrations done. `error`: why it failed.
 */
export interface BulkAct extends Omit<BulkRow, 'count' | 'countIsCapped' | 'cursor' | 'steppedAt' | 'probeClaims'> {
  /** Number of matches at its creation. */
  counted: BoundedCount
}
type AtFirst = 'id' | 'partnerId' | 'act' | 'filter' | 'reason' | 'who' | 'name' | 'probe' | 'counted' | 'createdAt'
export type NewBulkAct = Pick<BulkAct, AtFirst>

/** Result of one step of one bulk act. */
export interface BulkStep {
  count: number
  /** No step was possible: no bulk act is under way, or each waits for its probe. */
  isIdle: boolean
  /** The act is a partner's, not an operator's. */
  isOfPartner: boolean
  /** Registrations cancelled by the step. */
  cancelled: Cancellation[]
}

/** `too_many`: as many as `mostUnderWay` are under way. */
export type BulkCommand =
  | { outcome: 'changed'; bulk: BulkAct }
  | { outcome: 'impossible'; state: BulkState }
  | { outcome: 'too_many' }

/** Returns how many bulk acts of operators, or of one partner, may be under way. */
export const mostUnderWay = (partnerId: string | null): number => (partnerId === null ? 100 : 10)

/** Returns how many bulk acts of operators, or of one partner, are kept that are not under way. */
export const bulkActsKept = (partnerId: string | null): number => (partnerId === null ? 1_000 : 100)

/** Maximum registrations a second per node, over all acts of operators: a small share of the writes. */
export const BULK_RATE = 200

/** Number of registrations that a step reads in its transaction. */
export const BULK_WINDOW = 500
/** Maximum number of registrations in a step of a partner's act. */
const PARTNER_BATCH = 200

/** SQL condition. */
export const UNDER_WAY = "state IN ('probing', 'running')"
/** SQL condition: a partner's acts run one after another, so that all partners get equal turns. */
export const NEXT_OF_OWNER = `(partner_id IS NULL OR id =
  (SELECT min(own.id) FROM bulk_acts own WHERE own.partner_id = bulk_acts.partner_id AND own.${UNDER_WAY}))`
/** Length of the ULID that ends an id; acts are listed in its order. */
export const ULID_LENGTH = 26

/** Completes a filter that was stored before a field was added. */
export const withWholeFilter = (row: BulkRow): BulkRow => ({ ...row, filter: { ...ALL_REGISTRATIONS, ...row.filter } })

/** The act without its internal columns. */
export const bulkActOf = (row: BulkRow): BulkAct => {
  const { count, countIsCapped, cursor: _, steppedAt: __, probeClaims: ___, ...bulk } = withWholeFilter(row)
  return { ...bulk, counted: { count, isCapped: countIsCapped } }
}

/** Creation times of webhooks (epoch ms), and their host; left out: any. */
export type ExhaustedSpan = { since: number; until: number; host?: string | null }
/** Resend of all webhooks created in a time span and given up; `partnerId` null: of all partners. */
export const exhaustedIn = (
  partnerId: string | null,
  { since, until, host = null }: ExhaustedSpan,
): Pick<NewBulkAct, 'act' | 'filter' | 'probe'> => ({
  act: 'resend',
  filter: { ...ALL_REGISTRATIONS, partnerId, delivery: 'exhausted', host, messageSince: since, messageUntil: until },
  probe: false,
})

type Patch = Partial<BulkRow>

export const isUnderWay = (state: BulkState): boolean => state === 'running' || state === 'probing'

export const startedBulk = ({ state, probe, probeId, probedAt, done }: BulkRow, at: number): Patch | 'impossible' => {
  if (state !== 'draft' && state !== 'stopped') return 'impossible'
  // Its probe is not sent yet, or the outcome is unknown.
  const isProbing = probe && probedAt === null && (done === 0 || probeId !== null)
  return { state: isProbing ? 'probing' : 'running', startedAt: at, doneAtStart: done, endedAt: null }
}

export const stoppedBulk = ({ state }: Pick<BulkRow, 'state'>, at: number): Patch | 'impossible' =>
  isUnderWay(state) ? { state: 'stopped', endedAt: at } : 'impossible'

export const failedBulk = ({ state }: Pick<BulkRow, 'state'>, at: number): Patch | 'impossible' =>
  isUnderWay(state) ? { state: 'failed', error: 'internal', endedAt: at } : 'impossible'

/**
 * Returns the changes after a probe, or null while its outcome is unknown. Attempts claimed before it do not count.
 *
 * @param probe undefined: it is gone
 */
export const afterProbe = (
  { probeClaims }: Pick<BulkRow, 'probeClaims'>,
  probe: Pick<FoundRegistration, 'status' | 'message'> | undefined,
  at: number,
): Patch | null => {
  const message = probe?.message
  if (!message) return { state: 'failed', error: 'gone', endedAt: at }
  if (message.state === 'delivered') return { state: 'running', probedAt: at, doneAtStart: 1 }
  const { lastAttempt } = message
  if (lastAttempt && lastAttempt.n > probeClaims)
    return { state: 'failed', error: attemptError(lastAttempt) ?? 'failed', endedAt: at }
  return probe.status === 'cancelled' ? { state: 'failed', error: 'cancelled', endedAt: at } : null
}

/** Time of its registration, end or last attempt, whichever is latest. */
const changedAt = ({ createdAt, resolvedAt, message }: FoundRegistration): number => {
  const attempt = message?.lastAttempt
  return Math.max(createdAt, resolvedAt ?? 0, attempt ? attempt.at + attempt.durationMs : 0)
}

/**
 * Chooses the registrations of a window for a step, and advances the act. An operator's act skips registrations that
 * changed after its creation: the operator has not seen the change. A probe takes one.
 *
 * @param window the newest `BULK_WINDOW` before its cursor; fewer: none follow
 */
export const takeForBulk = (
  bulk: BulkRow,
  window: readonly FoundRegistration[],
  { limit, at }: { limit: number; at: number },
): { batch: FoundRegistration[]; patch: Patch } => {
  const isProbing = bulk.state === 'probing'
  const size = bulk.partnerId === null ? limit : PARTNER_BATCH
  const max = isProbing ? 1 : size
  const matches = window.filter(
    one => isMatch(one, bulk.filter, bulk.act) && (bulk.partnerId !== null || changedAt(one) <= bulk.createdAt),
  )
  const batch = matches.slice(0, max)
  const [probe] = isProbing ? batch : []
  const isCut = matches.length > max || probe !== undefined
  const last = isCut ? batch.at(-1) : window.at(-1)
  const isOver = !isCut && window.length < BULK_WINDOW
  return {
    batch,
    patch: {
      cursor: last?.id ?? bulk.cursor,
      steppedAt: at,
      done: bulk.done + batch.length,
      ...(probe ? { probeId: probe.id, probeClaims: probe.message?.claims ?? 0 } : {}),
      ...(isOver ? { state: 'done', endedAt: at } : {}),
    },
  }
}
