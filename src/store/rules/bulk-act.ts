import type { BulkAct, BulkState, BulkStep, NewBulkAct } from '../bulk-act.ts'
import type { ChangedCallback } from '../callbacks.ts'
import { ALL_REGISTRATIONS, attemptError, type FoundRegistration, isWanted } from '../registration-search.ts'

/** So many registrations a step reads, within its transaction. */
export const BULK_WINDOW = 500
/** To so many of them it does the act of a partner. */
const PARTNER_BATCH = 200

/** A bulk act as it is stored. */
export interface BulkRow extends BulkAct {
  /** The registration that it has come to, from the newest on; null: it has not begun. */
  cursor: string | null
  /** When it did its last step; 0: never. The one whose last step is the longest ago is next. */
  steppedAt: number
  /** How often the webhook of its probe had been claimed before that was sent. */
  probeClaims: number
}

/** Its columns. */
type StoredBulk = Omit<BulkRow, 'counted'> & { count: number; countIsCapped: boolean }

export const toBulkRow = ({ count, countIsCapped, ...row }: StoredBulk): BulkRow => ({
  ...row,
  counted: { count, isCapped: countIsCapped },
})

/** As SQL. */
export const UNDER_WAY = "state IN ('probing', 'running')"
/** As SQL: a partner's acts follow one another, so that its turns are as many as another's. */
export const NEXT_OF_OWNER = `(partner_id IS NULL OR id =
  (SELECT min(own.id) FROM bulk_acts own WHERE own.partner_id = bulk_acts.partner_id AND own.${UNDER_WAY}))`
/** Of an id, the part in whose order they are made. */
export const ULID_LENGTH = 26

/** What a step has done beside its count. */
export interface Applied {
  cancelled: BulkStep['cancelled']
  changedUrls: readonly ChangedCallback[]
}
export const IDLE: BulkStep & Applied = { count: 0, isIdle: true, isOfPartner: false, cancelled: [], changedUrls: [] }

/** The part of it that is told. */
export const bulkActOf = ({ cursor: _, steppedAt: __, probeClaims: ___, ...bulk }: BulkRow): BulkAct => bulk

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
