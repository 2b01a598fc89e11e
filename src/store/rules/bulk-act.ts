import { SECOND } from '../../core/duration.ts'
import { type BulkAct, type BulkPace, type BulkState, MOST_UNDER_WAY } from '../bulk-act.ts'
import type { FoundRegistration } from '../registration-search.ts'
import { attemptError, isWanted } from './registration-search.ts'

/** So many registrations a step looks at: they are read within its transaction. */
export const BULK_WINDOW = 500

/** A bulk act as it is stored. */
export interface BulkRow extends BulkAct {
  /** The registration that it has come to, from the newest on; null: it has not begun. */
  cursor: string | null
  /** How many it has looked at, and as many as the others had when it joined them: who has the fewest is next. */
  looked: number
  /** How often the webhook of its probe had been claimed before that was sent. */
  probeClaims: number
}

/** What is told of it. */
export const bulkActOf = ({ cursor: _, looked: __, probeClaims: ___, ...bulk }: BulkRow): BulkAct => bulk

type Patch = Partial<BulkRow>

const isUnderWay = (state: BulkState): boolean => state === 'running' || state === 'probing'

/** It does nothing before the outcome of its probe is known. */
const isWaiting = ({ state, probeId }: Pick<BulkRow, 'state' | 'probeId'>): boolean =>
  state === 'probing' && probeId !== null

/** Those that are under way, each with its turns. */
type UnderWay = readonly Pick<BulkRow, 'state' | 'probeId' | 'looked'>[]

/** Whoever joins the others has had as many turns as they: none waits until a newcomer has come as far. */
const joining = (underWay: UnderWay): Pick<BulkRow, 'looked'> => {
  const turns = underWay.filter(one => !isWaiting(one)).map(({ looked }) => looked)
  return { looked: turns.length === 0 ? 0 : Math.min(...turns) }
}

/** @param underWay those that are under way already */
export const startedBulk = (
  { state, probe, probeId, probedAt, done }: BulkRow,
  { at, underWay }: { at: number; underWay: UnderWay },
): Patch | 'impossible' | 'too_many' => {
  if (state !== 'draft' && state !== 'stopped') return 'impossible'
  if (underWay.length >= MOST_UNDER_WAY) return 'too_many'
  // Its probe has not been sent yet, or its outcome is not known. An act of an earlier version has forgotten which one arrived.
  const isProbing = probe && probedAt === null && (done === 0 || probeId !== null)
  return {
    state: isProbing ? 'probing' : 'running',
    startedAt: at,
    doneAtStart: done,
    endedAt: null,
    ...joining(underWay),
  }
}

export const stoppedBulk = ({ state }: Pick<BulkRow, 'state'>, at: number): Patch | 'impossible' =>
  isUnderWay(state) ? { state: 'stopped', endedAt: at } : 'impossible'

/**
 * What comes of a probe; null: not known yet. An attempt that was claimed before the probe was sent says nothing about it.
 *
 * @param probe null: it is gone
 */
export const afterProbe = (
  { probeClaims }: Pick<BulkRow, 'probeClaims'>,
  probe: Pick<FoundRegistration, 'status' | 'message'> | null,
  { at, underWay }: { at: number; underWay: UnderWay },
): Patch | null => {
  const message = probe?.message
  if (!message) return { state: 'failed', error: 'gone', endedAt: at }
  if (message.state === 'delivered') return { state: 'running', probedAt: at, doneAtStart: 1, ...joining(underWay) }
  const { lastAttempt } = message
  if (lastAttempt && lastAttempt.n > probeClaims)
    return { state: 'failed', error: attemptError(lastAttempt) ?? 'failed', endedAt: at }
  return probe.status === 'cancelled' ? { state: 'failed', error: 'cancelled', endedAt: at } : null
}

/**
 * All that are under way, once every probe whose outcome is known has been judged; and of those the ones that this has changed.
 *
 * @param probes the registrations that probes were sent for, as far as they are there
 */
export const judgeProbes = (
  underWay: readonly BulkRow[],
  probes: readonly FoundRegistration[],
  at: number,
): { judged: BulkRow[]; changed: BulkRow[] } => {
  const probeById = new Map(probes.map(probe => [probe.id, probe]))
  const changed: BulkRow[] = []
  const judged = underWay.map(row => {
    const patch = isWaiting(row) ? afterProbe(row, probeById.get(row.probeId ?? '') ?? null, { at, underWay }) : null
    if (patch === null) return row
    const after = { ...row, ...patch }
    changed.push(after)
    return after
  })
  return { judged, changed }
}

/** The ids of the registrations that probes were sent for, of which the outcome is not known yet. */
export const probeIdsOf = (underWay: readonly BulkRow[]): string[] =>
  underWay.filter(isWaiting).flatMap(({ probeId }) => probeId ?? [])

/** Whoever has had the fewest turns, so that none waits for another's end; null: nobody can go on. */
export const nextBulk = (judged: readonly BulkRow[]): BulkRow | null => {
  const open = judged.filter(row => isUnderWay(row.state) && !isWaiting(row))
  return open.toSorted((a, b) => a.looked - b.looked || (a.id < b.id ? -1 : 1))[0] ?? null
}

/** When it was registered, ended, or tried last. */
const changedAt = ({ createdAt, resolvedAt, message }: FoundRegistration): number => {
  const attempt = message?.lastAttempt
  return Math.max(createdAt, resolvedAt ?? 0, attempt ? attempt.at + attempt.durationMs : 0)
}

/**
 * Whether it is one that the bulk act is done to. What has changed since that was created is left out: whoever created it has not seen
 * that.
 */
export const isTaken = (bulk: Pick<BulkRow, 'filter' | 'act' | 'createdAt'>, found: FoundRegistration): boolean =>
  isWanted(found, bulk.filter, bulk.act) && changedAt(found) <= bulk.createdAt

/**
 * What a bulk act takes of a window, and how far it has come then. A probe takes one.
 *
 * @param window the newest `BULK_WINDOW` before its cursor; fewer: there are no more
 */
export const takeForBulk = (
  bulk: BulkRow,
  window: readonly FoundRegistration[],
  { limit, at }: { limit: number; at: number },
): { batch: FoundRegistration[]; patch: Patch } => {
  const most = bulk.state === 'probing' ? 1 : limit
  const wanted = window.filter(one => isTaken(bulk, one))
  const batch = wanted.slice(0, most)
  const [probe] = bulk.state === 'probing' ? batch : []
  const isCut = wanted.length > most
  const end = isCut || probe ? window.indexOf(batch.at(-1) as FoundRegistration) + 1 : window.length
  const isOver = end === window.length && window.length < BULK_WINDOW
  return {
    batch,
    patch: {
      cursor: window[end - 1]?.id ?? bulk.cursor,
      looked: bulk.looked + end,
      done: bulk.done + batch.length,
      ...(probe ? { probeId: probe.id, probeClaims: probe.message?.claims ?? 0 } : {}),
      ...(isOver && !probe ? { state: 'done', endedAt: at } : {}),
    },
  }
}

/** What is left of that where others have changed some of the batch before it could be locked. A probe that is not sent is none. */
export const afterLocking = (bulk: BulkRow, patch: Patch, locked: readonly FoundRegistration[]): Patch => ({
  ...patch,
  done: bulk.done + locked.length,
  ...(locked.length === 0 ? { probeId: bulk.probeId, probeClaims: bulk.probeClaims } : {}),
})

/** After a step that was done to `count` registrations: for how long no node does one. */
export const pauseAfter = ({ perSecond, gapMs }: BulkPace, count: number): number =>
  Math.ceil(Math.max(gapMs, (count * SECOND) / perSecond))

/** No pause is longer. */
const LONGEST_PAUSE_MS = 10 * SECOND

/**
 * How long to wait for the next step.
 *
 * @param nextAt when there may be one, epoch ms; null: there was none yet
 */
export const waitForStep = (nextAt: number | null, at: number): number => {
  const waitMs = (nextAt ?? at) - at
  // It was written before the clock was set back.
  return waitMs > LONGEST_PAUSE_MS ? 0 : Math.max(0, waitMs)
}
