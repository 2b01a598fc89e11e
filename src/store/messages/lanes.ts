import { hostOf } from '../../core/callback-url.ts'
import { earlier } from '../../core/clock.ts'
import type { Callback } from '../callbacks/health.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import type { HostSignal } from './message.ts'

/** What decides how many slots a lane gets. */
export interface LaneState {
  /** Not later than the due time of its first message; null: nothing to send. Epoch ms. */
  dueAt: number | null
  /** Attempts in a row that ran into the time limit. */
  strikes: number
  /** Too many of them: it gets one slot at a time. */
  slow: boolean
  /** Its last attempt that showed something was answered; until one is, it gets few slots. */
  proven: boolean
}

export interface Lane extends LaneState {
  id: number
}

export const isSameLane = (a: LaneState, b: LaneState): boolean =>
  a.dueAt === b.dueAt && a.strikes === b.strikes && a.slow === b.slow && a.proven === b.proven

/** After this many time-outs in a row a host gets one slot at a time, until it answers. */
const SLOW_AFTER_STRIKES = 3

export const afterAttemptInLane = (lane: LaneState, hostSignal: HostSignal | null): LaneState => {
  if (hostSignal === null) return lane
  if (hostSignal === 'answers') return { ...lane, strikes: 0, slow: false, proven: true }
  const strikes = lane.strikes + 1
  return { ...lane, strikes, slow: strikes >= SLOW_AFTER_STRIKES, proven: false }
}

/** The same text for URLs of the same lane. */
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

/** Waits for those that others have locked. */
const lockLanes = async (tx: Tx, ids: readonly number[]): Promise<Lane[]> =>
  ids.length === 0 ? [] : tx.all<Lane>(LOCK, { ids })

/**
 * Locks them, but for those that `isSteady`, as they are now, says will not be changed: whoever claims of a busy lane does not find it
 * locked all the time.
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

/** Locks those that nobody else has locked now; their ids. */
export const lockFreeLanes = async (tx: Tx, ids: readonly number[]): Promise<ReadonlySet<number>> => {
  const rows = ids.length === 0 ? [] : await tx.all<{ id: number }>(LOCK_FREE, { ids })
  return new Set(rows.map(({ id }) => id))
}

/**
 * Something in each of these lanes is due at `dueAt`. Whoever makes a message due does this too: it waits for a claim that has the lock,
 * and the next one sees all that is due.
 */
export const advanceLanes = async (tx: Tx, laneIds: readonly number[], dueAt: number): Promise<void> => {
  const lanes = await lockLanes(tx, [...new Set(laneIds)])
  const later = lanes.filter(lane => lane.dueAt !== earlier(lane.dueAt, dueAt)).map(({ id }) => ({ id, dueAt }))
  await tx.update('lanes', ['id'], later)
}

/** Each once. */
const hostsOf = (urls: readonly Callback[]) =>
  [...new Map(urls.map(url => [laneKey(url), url])).values()].map(({ partnerId, callbackUrl }) => {
    return { partnerId, host: hostOf(callbackUrl) }
  })

/**
 * The ids of the lanes of these URLs, by `laneKey`, without a lock of what is in them: for those who only name a lane. It is not erased
 * before the transaction ends.
 */
export const findLaneIds = async (tx: Tx, urls: readonly Callback[]): Promise<Map<string, number>> => {
  const rows = await tx.all<{ key: string; id: number }>(FIND, { hosts: hostsOf(urls) })
  return new Map(rows.map(({ key, id }) => [key, id]))
}

/**
 * Makes those that are missing, with ids in the order of the URLs, as where they came one after the other. What somebody else makes
 * at the same time is waited for, and not locked.
 */
export const makeLanes = async (tx: Tx, urls: readonly Callback[]): Promise<Map<string, number>> => {
  if (urls.length === 0) return new Map()
  await tx.lock(urls.map(({ partnerId }) => `lanes of ${partnerId}`))
  await tx.all(MAKE, { hosts: hostsOf(urls) })
  return findLaneIds(tx, urls)
}
