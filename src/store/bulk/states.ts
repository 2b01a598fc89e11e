import {
  ALL_REGISTRATIONS,
  attemptError,
  type BoundedCount,
  type FoundRegistration,
  isWanted,
} from '../registrations/filter.ts'
import type { Cancellation } from '../registrations/registration.ts'
import type { Row } from '../tx.ts'

/**
 * `draft`: not begun; `probing`: one has been sent, and its outcome decides; `stopped`: by an operator, and may be started again;
 * `failed`: its probe did not arrive, or a step of it cannot be done.
 */
export const BULK_STATES = ['draft', 'probing', 'running', 'stopped', 'done', 'failed'] as const
export type BulkState = (typeof BULK_STATES)[number]

type BulkRow = Row<'bulkActs'>

/**
 * An act on all registrations that a filter means, done bit by bit.
 *
 * - `partnerId`: who has asked for it, for its own registrations; null: an operator has. `who`, `name`: of the token or the API key.
 * - `filter`: its times are fixed. `createdAt`: before they were counted; what has changed since is not meant.
 * - `probe`: it sends one, `probeId`, and goes on only once that has arrived, at `probedAt`; null: not sent, or not known yet.
 * - `startedAt`: the last time. `doneAtStart`: how many were done by then, or when its probe arrived, if that was later.
 * - `done`: to how many it was done. `error`: why it has failed.
 */
export interface BulkAct extends Omit<BulkRow, 'count' | 'countIsCapped' | 'cursor' | 'steppedAt' | 'probeClaims'> {
  /** How many there were when it was made. */
  counted: BoundedCount
}
type AtFirst = 'id' | 'partnerId' | 'act' | 'filter' | 'reason' | 'who' | 'name' | 'probe' | 'counted' | 'createdAt'
export type NewBulkAct = Pick<BulkAct, AtFirst>

/** What one step of one bulk act has done. */
export interface BulkStep {
  count: number
  /** No bulk act could do a step: none is under way, or each waits for its probe. */
  isIdle: boolean
  /** Whose act it was: a partner's, or an operator's. */
  isOfPartner: boolean
  /** Registrations that it has cancelled. */
  cancelled: Cancellation[]
}

/** `too_many`: as many are under way as may be. */
export type BulkCommand =
  | { outcome: 'changed'; bulk: BulkAct }
  | { outcome: 'impossible'; state: BulkState }
  | { outcome: 'too_many' }

/** How many bulk acts of operators, and of each partner, may be under way. */
export const mostUnderWay = (partnerId: string | null): number => (partnerId === null ? 100 : 10)

/** How many bulk acts of operators, and of each partner, are kept that are not under way. */
export const bulkActsKept = (partnerId: string | null): number => (partnerId === null ? 1_000 : 100)

/** A node does those of operators to so many registrations a second at most, all together: a small share of the writes. */
export const BULK_RATE = 200

/** So many registrations a step reads, within its transaction. */
export const BULK_WINDOW = 500
/** To so many of them it does the act of a partner. */
const PARTNER_BATCH = 200

/** As SQL. */
export const UNDER_WAY = "state IN ('probing', 'running')"
/** As SQL: a partner's acts follow one another, so that its turns are as many as another's. */
export const NEXT_OF_OWNER = `(partner_id IS NULL OR id =
  (SELECT min(own.id) FROM bulk_acts own WHERE own.partner_id = bulk_acts.partner_id AND own.${UNDER_WAY}))`
/** Of an id, the part in whose order they are made. */
export const ULID_LENGTH = 26

/** Its filter may be from before a field was added. */
export const withWholeFilter = (row: BulkRow): BulkRow => ({ ...row, filter: { ...ALL_REGISTRATIONS, ...row.filter } })

/** The part of it that is told. */
export const bulkActOf = (row: BulkRow): BulkAct => {
  const { count, countIsCapped, cursor: _, steppedAt: __, probeClaims: ___, ...bulk } = withWholeFilter(row)
  return { ...bulk, counted: { count, isCapped: countIsCapped } }
}

/** What a resend of the webhooks means that were created in a time and given up; `partnerId` null: of all partners. */
export const exhaustedIn = (
  partnerId: string | null,
  { since, until }: { since: number; until: number },
): Pick<NewBulkAct, 'act' | 'filter' | 'probe'> => ({
  act: 'resend',
  filter: { ...ALL_REGISTRATIONS, partnerId, delivery: 'exhausted', messageSince: since, messageUntil: until },
  probe: false,
})

type Patch = Partial<BulkRow>

export const isUnderWay = (state: BulkState): boolean => state === 'running' || state === 'probing'

export const startedBulk = ({ state, probe, probeId, probedAt, done }: BulkRow, at: number): Patch | 'impossible' => {
  if (state !== 'draft' && state !== 'stopped') return 'impossible'
  // Its probe has not been sent yet, or its outcome is not known.
  const isProbing = probe && probedAt === null && (done === 0 || probeId !== null)
  return { state: isProbing ? 'probing' : 'running', startedAt: at, doneAtStart: done, endedAt: null }
}

export const stoppedBulk = ({ state }: Pick<BulkRow, 'state'>, at: number): Patch | 'impossible' =>
  isUnderWay(state) ? { state: 'stopped', endedAt: at } : 'impossible'

export const failedBulk = ({ state }: Pick<BulkRow, 'state'>, at: number): Patch | 'impossible' =>
  isUnderWay(state) ? { state: 'failed', error: 'internal', endedAt: at } : 'impossible'

/**
 * The outcome of a probe; null: not known yet. An attempt that was claimed before the probe was sent says nothing about it.
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

/** When it was registered, ended, or tried last. */
const changedAt = ({ createdAt, resolvedAt, message }: FoundRegistration): number => {
  const attempt = message?.lastAttempt
  return Math.max(createdAt, resolvedAt ?? 0, attempt ? attempt.at + attempt.durationMs : 0)
}

/**
 * The registrations of a window that a bulk act is done to, and how far it has come then. Of an operator's, a registration that has
 * changed since the act was created is left out: the operator has not seen that. A probe takes one.
 *
 * @param window the newest `BULK_WINDOW` before its cursor; fewer: there are no more
 */
export const takeForBulk = (
  bulk: BulkRow,
  window: readonly FoundRegistration[],
  { limit, at }: { limit: number; at: number },
): { batch: FoundRegistration[]; patch: Patch } => {
  const isProbing = bulk.state === 'probing'
  const size = bulk.partnerId === null ? limit : PARTNER_BATCH
  const most = isProbing ? 1 : size
  const wanted = window.filter(
    one => isWanted(one, bulk.filter, bulk.act) && (bulk.partnerId !== null || changedAt(one) <= bulk.createdAt),
  )
  const batch = wanted.slice(0, most)
  const [probe] = isProbing ? batch : []
  const isCut = wanted.length > most || probe !== undefined
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
