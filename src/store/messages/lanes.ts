import type { Callback } from '../callbacks.ts'
import { createLaneChanges, hostOf, type LaneChanges, type LaneState, NEW_LANE } from '../lanes.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'

/**
 * Each lane is locked and read before: `get` throws where it was not read, a change where it is not locked. Whoever makes a message due
 * has its lane locked before, and advances it: so a claim that has the lock sees all that is due.
 */
export interface LaneUnitOfWork extends Omit<LaneChanges, 'take'> {
  /** Writes what has changed. */
  save(tx: Tx): Promise<void>
}

type LaneRow = LaneState & { id: number }

/** Null: the partner has no lane for the URL's host. */
type FindId = (url: Callback) => number | null

const LANE = columnsOf('lanes', ['id', 'dueAt', 'strikes', 'slow', 'proven'])
const READ: Sql = d => `SELECT ${LANE} FROM lanes WHERE id IN ${d.list('ids', 'int8')} ORDER BY id`
const LOCK: Sql = d => `${READ(d)} ${d.forUpdate()}`
const LOCK_FREE: Sql = d => `${READ(d)} ${d.forUpdate({ skipLocked: true })}`

const HOSTS = { partnerId: 'text', host: 'text' } as const
const FIND: Sql = d => `
  SELECT ${columnsOf('lanes', ['id', 'partnerId', 'host'])} FROM lanes
  WHERE (partner_id, host) IN (SELECT partner_id, host FROM ${d.rows('hosts', HOSTS)}) ORDER BY id ${d.forKeyShare()}`
const MAKE: Sql = d => `
  INSERT INTO lanes (partner_id, host) SELECT partner_id, host FROM ${d.rows('hosts', HOSTS)} WHERE true ORDER BY nth
  ON CONFLICT (partner_id, host) DO NOTHING`

export const createLanes = () => ({ load, loadUnlessSteady, loadFree, findIds, makeIds })

/** Waits for those that others have locked. */
const load = async (tx: Tx, { ids }: { ids: readonly number[] }): Promise<LaneUnitOfWork> => open(await lock(tx, ids))

/**
 * The same, but without a lock of those that `isSteady`, as they are now, says will not be changed: whoever claims of a busy lane does
 * not find it locked all the time.
 */
const loadUnlessSteady = async (
  tx: Tx,
  ids: readonly number[],
  isSteady: (id: number, lane: LaneState) => boolean,
): Promise<LaneUnitOfWork> => {
  const seen = await tx.all<LaneRow>(READ, { ids })
  const steady = seen.filter(({ id, ...lane }) => isSteady(id, lane))
  const unlocked = new Set(steady.map(({ id }) => id))
  const locked = await lock(
    tx,
    ids.filter(id => !unlocked.has(id)),
  )
  return open(locked, steady)
}

/** Without those that others have locked now; the ids of what is left. */
const loadFree = async (
  tx: Tx,
  ids: readonly number[],
): Promise<{ lanes: LaneUnitOfWork; free: ReadonlySet<number> }> => {
  const rows = await tx.all<LaneRow>(LOCK_FREE, { ids })
  return { lanes: open(rows), free: new Set(rows.map(({ id }) => id)) }
}

/**
 * The ids of the lanes of these URLs, without a lock of what is in them: for those who only name a lane. It is not erased before
 * the transaction ends.
 */
const findIds = async (tx: Tx, urls: readonly Callback[]): Promise<FindId> => {
  const rows = await tx.all<{ id: number; partnerId: string; host: string }>(FIND, { hosts: urls.map(hostRow) })
  const ids = new Map(rows.map(row => [laneKey(row), row.id]))
  return url => ids.get(laneKey(hostRow(url))) ?? null
}

/**
 * Makes those that are missing, with ids in the order of the URLs, as where they came one after the other. What somebody else makes
 * at the same time is waited for, and not locked.
 */
const makeIds = async (tx: Tx, urls: readonly Callback[]): Promise<FindId> => {
  if (urls.length === 0) return () => null
  await tx.lock(urls.map(({ partnerId }) => `lanes of ${partnerId}`))
  await tx.all(MAKE, { hosts: urls.map(hostRow) })
  return findIds(tx, urls)
}

/** In the order of their ids. One that was erased is as a new one. */
const lock = async (tx: Tx, ids: readonly number[]): Promise<LaneRow[]> => {
  if (ids.length === 0) return []
  const rows = await tx.all<LaneRow>(LOCK, { ids })
  const found = new Set(rows.map(({ id }) => id))
  return [...rows, ...ids.filter(id => !found.has(id)).map(id => ({ ...NEW_LANE, id }))]
}

/** @param steady read, and not locked */
const open = (locked: readonly LaneRow[], steady: readonly LaneRow[] = []): LaneUnitOfWork => {
  const stored = new Map([...steady, ...locked].map(({ id, ...lane }): [number, LaneState] => [id, lane]))
  const unlocked = new Set(steady.map(({ id }) => id))
  const find = (id: number): LaneState => {
    const lane = stored.get(id)
    if (lane === undefined) throw new Error(`lane ${id} has not been read`)
    return lane
  }
  const assertLocked = (id: number) => {
    if (unlocked.has(id)) throw new Error(`lane ${id} is not locked`)
  }
  const { take, ...changes } = createLaneChanges(find, assertLocked)
  return { ...changes, save: tx => tx.update('lanes', ['id'], take()) }
}

const hostRow = ({ partnerId, callbackUrl }: Callback) => ({ partnerId, host: hostOf(callbackUrl) })
const laneKey = ({ partnerId, host }: { partnerId: string; host: string }): string => `${partnerId} ${host}`
