import { hostOf } from '../../core/callback-url.ts'
import { earlier } from '../../core/clock.ts'
import type { Callback } from '../callbacks/health.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import type { HostSignal } from './message.ts'

/** State that decides how many slots a lane gets. */
export interface LaneState {
  /** At or before the due time of its first message; null: nothing to send. Epoch ms. */
  dueAt: number | null
  /** Consecutive attempts that ran into the time limit. */
  strikes: number
  /** Too many strikes: it gets one slot at a time. */
  slow: boolean
  /** Its last attempt with a host signal got a response. Otherwise it gets few slots. */
  proven: boolean
}

export interface Lane extends LaneState {
  id: number
}

export const isSameLane = (a: LaneState, b: LaneState): boolean =>
  a.dueAt === b.dueAt && a.strikes === b.strikes && a.slow === b.slow && a.proven === b.proven

/** Number of consecutive time-outs after which a lane gets one slot at a time, until its host responds. */
const SLOW_AFTER_STRIKES = 3

export const afterAttemptInLane = (lane: LaneState, hostSignal: HostSignal | null): LaneState => {
  if (hostSignal === null) return lane
  if (hostSignal === 'answers') return { ...lane, strikes: 0, slow: false, proven: true }
  const strikes = lane.strikes + 1
  return { ...lane, strikes, slow: strikes >= SLOW_AFTER_STRIKES, proven: false }
}

/** Key of the lane of a URL. */
export const laneKey = ({ partnerId, callbackUrl }: Callback): string => `${partnerId} ${hostOf(callbackUrl)}`

const READ: Sql = d => `
  SELECT ${columnsOf('lanes', ['id', 'dueAt', 'strikes', 'slow', 'proven'])} FROM lanes
  WHERE id IN ${d.list('ids', 'int8')} ORDER BY id`
const LOCK: Sql = d => `${READ(d)} ${d.forUpdate()}`
const LOCK_FREE: Sql = d =>
  `SELECT id FROM lanes WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate({ skipLocked: true })}`

const HOSTS = { partnerId: 'text', host: 'text' } as const
const FIND: Sql = d => `
  SELECT id, partner_id || ' ' || host AS key FROM lanes
  WHERE (partner_id, host) IN (SELECT partner_id, host FROM ${d.rows('hosts', HOSTS)}) ORDER BY id ${d.forKeyShare}`
const MAKE: Sql = d => `
  INSERT INTO lanes (partner_id, host) SELECT partner_id, host FROM ${d.rows('hosts', HOSTS)} WHERE true ORDER BY nth
  ON CONFLICT (partner_id, host) DO NOTHING`

/** Waits for lanes that others have locked. */
const lockLanes = async (tx: Tx, ids: readonly number[]): Promise<Lane[]> =>
  ids.length === 0 ? [] : tx.all<Lane>(LOCK, { ids })

/**
 * Reads the lanes, and locks them unless `isSteady` shows that the caller leaves them unchanged: otherwise claims would
 * find a busy lane locked all the time.
 */
export const lockUnsteadyLanes = async (
  tx: Tx,
  ids: readonly number[],
  isSteady: (lane: Lane) => boolean,
): Promise<Lane[]> => {
  const steady = (await tx.all<Lane>(READ, { ids })).filter(isSteady)
  const unlocked = new Set(steady.map(({ id }) => id))
  const unsteady = ids.filter(id => !unlocked.has(id))
  return [...steady, ...(await lockLanes(tx, unsteady))]
}

/** Locks the lanes that nobody else has locked. Returns their ids. */
export const lockFreeLanes = async (tx: Tx, ids: readonly number[]): Promise<ReadonlySet<number>> => {
  const rows = ids.length === 0 ? [] : await tx.all<{ id: number }>(LOCK_FREE, { ids })
  return new Set(rows.map(({ id }) => id))
}

/**
 * Makes these lanes due at `dueAt` at the latest. Every transaction that makes a message due calls it: it waits for a
 * claim that has locked the lane, and the next claim sees all due messages.
 */
export const advanceLanes = async (tx: Tx, laneIds: readonly number[], dueAt: number): Promise<void> => {
  const lanes = await lockLanes(tx, [...new Set(laneIds)])
  const later = lanes.filter(lane => lane.dueAt !== earlier(lane.dueAt, dueAt)).map(({ id }) => ({ id, dueAt }))
  await tx.update('lanes', ['id'], later)
}

const hostsOf = (urls: readonly Callback[]) =>
  [...new Map(urls.map(url => [laneKey(url), url])).values()].map(({ partnerId, callbackUrl }) => {
    return { partnerId, host: hostOf(callbackUrl) }
  })

/** Returns the lane ids of these URLs, by `laneKey`. Locks the lanes against removal until the transaction ends. */
export const findLaneIds = async (tx: Tx, urls: readonly Callback[]): Promise<Map<string, number>> => {
  const rows = await tx.all<{ key: string; id: number }>(FIND, { hosts: hostsOf(urls) })
  return new Map(rows.map(({ key, id }) => [key, id]))
}

/**
 * Creates missing lanes, with ids in the order of the URLs. Returns the ids of all, as `findLaneIds` does. Waits for
 * other transactions that create lanes of these partners.
 */
export const makeLanes = async (tx: Tx, urls: readonly Callback[]): Promise<Map<string, number>> => {
  if (urls.length === 0) return new Map()
  await tx.lock(urls.map(({ partnerId }) => `lanes of ${partnerId}`))
  await tx.all(MAKE, { hosts: hostsOf(urls) })
  return findLaneIds(tx, urls)
}
