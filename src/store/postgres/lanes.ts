import type { Callback } from '../callbacks.ts'
import { createLaneChanges, hostOf, type LaneChanges, type LaneState, NEW_LANE } from '../lanes.ts'
import type { Tx } from './connection.ts'

/** Which lanes: by their ids, or as the lanes of these URLs, as far as there are any. */
interface LanesWanted {
  ids?: readonly number[]
  urls?: readonly Callback[]
}

/**
 * Each lane is locked and read before: `get` throws where it was not read, a change where it is not locked. Whoever makes a message due
 * has its lane locked before, and advances it: so a claim that has the lock sees all that is due.
 */
export interface LaneUnitOfWork extends Omit<LaneChanges, 'take'> {
  /** Locks more of them, in the order of their ids. What is locked already costs nothing. */
  lock(tx: Tx, wanted: LanesWanted): Promise<void>
  /** Writes what has changed. */
  save(tx: Tx): Promise<void>
}

interface LaneRow extends LaneState {
  id: number
  partnerId: string
  host: string
}

/** Null: the partner has no lane for the URL's host. */
type FindId = (url: Callback) => number | null

const LANE = `id, partner_id AS "partnerId", host, due_at AS "dueAt", strikes, slow, proven`

export const createLanes = () => {
  const load = async (tx: Tx, wanted: LanesWanted): Promise<LaneUnitOfWork> => {
    const unit = open()
    await unit.lock(tx, wanted)
    return unit
  }

  const findIds = async (tx: Tx, urls: readonly Callback[]): Promise<FindId> => {
    const rows = await tx.rows<Pick<LaneRow, 'id' | 'partnerId' | 'host'>>(
      `SELECT id, partner_id AS "partnerId", host FROM lanes
       WHERE (partner_id, host) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY id FOR KEY SHARE`,
      hostColumns(urls),
    )
    const ids = new Map(rows.map(row => [laneKey(row.partnerId, row.host), row.id]))
    return ({ partnerId, callbackUrl }) => ids.get(laneKey(partnerId, hostOf(callbackUrl))) ?? null
  }

  /** Without those that others have locked now; the ids of what is left. */
  const loadFree = async (
    tx: Tx,
    ids: readonly number[],
  ): Promise<{ lanes: LaneUnitOfWork; free: ReadonlySet<number> }> => {
    const rows = await tx.rows<LaneRow>(
      `SELECT ${LANE} FROM lanes WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
      [ids],
    )
    return { lanes: open(rows), free: new Set(rows.map(({ id }) => id)) }
  }

  return {
    /** Waits for those that others have locked. */
    load,

    /**
     * The same, but without a lock of those that `isSteady`, as they are now, says will not be changed: whoever claims of a busy lane does
     * not find it locked all the time.
     */
    loadUnlessSteady: async (
      tx: Tx,
      ids: readonly number[],
      isSteady: (id: number, lane: LaneState) => boolean,
    ): Promise<LaneUnitOfWork> => {
      const seen = await tx.rows<LaneRow>(`SELECT ${LANE} FROM lanes WHERE id = ANY($1::bigint[])`, [ids])
      const steady = seen.filter(({ id, partnerId, host, ...lane }) => isSteady(id, lane))
      const unit = open([], steady)
      await unit.lock(tx, { ids })
      return unit
    },

    loadFree,

    /**
     * The ids of the lanes of these URLs, without a lock of what is in them: for those who only name a lane. It is not erased before
     * the transaction ends.
     */
    findIds,

    /**
     * Makes those that are missing, with ids in the order of the URLs, as where they came one after the other. What somebody else makes
     * at the same time is waited for, in the order of the keys, and not locked.
     */
    makeIds: async (tx: Tx, urls: readonly Callback[]): Promise<FindId> => {
      if (urls.length === 0) return () => null
      await tx.rows(
        `WITH numbered AS MATERIALIZED (
           SELECT nextval(pg_get_serial_sequence('lanes', 'id')) AS id, partner_id, host FROM (
             SELECT partner_id, host FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS added(partner_id, host, place)
             GROUP BY partner_id, host ORDER BY min(place)) AS one)
         INSERT INTO lanes (id, partner_id, host) OVERRIDING SYSTEM VALUE
         SELECT id, partner_id, host FROM numbered ORDER BY partner_id, host
         ON CONFLICT (partner_id, host) DO NOTHING`,
        hostColumns(urls),
      )
      return findIds(tx, urls)
    },
  }
}

/** @param steady read, and not locked */
const open = (rows: readonly LaneRow[] = [], steady: readonly LaneRow[] = []): LaneUnitOfWork => {
  const keys = new Set<string>()
  const stored = new Map<number, LaneState>()
  const unlocked = new Set(steady.map(({ id }) => id))

  const note = (read: readonly LaneRow[]) => {
    for (const { id, partnerId, host, ...lane } of read) {
      keys.add(laneKey(partnerId, host))
      stored.set(id, lane)
    }
  }
  note(rows)
  note(steady)

  const missing = (urls: readonly Callback[]) =>
    urls.filter(({ partnerId, callbackUrl }) => !keys.has(laneKey(partnerId, hostOf(callbackUrl))))

  const find = (id: number): LaneState => {
    const lane = stored.get(id)
    if (lane === undefined) throw new Error(`lane ${id} has not been read`)
    return lane
  }
  const assertLocked = (id: number) => {
    if (unlocked.has(id)) throw new Error(`lane ${id} is not locked`)
  }
  const { take, ...changes } = createLaneChanges(find, assertLocked)

  return {
    ...changes,

    lock: async (tx, wanted) => {
      const byId = [...new Set(wanted.ids ?? [])].filter(id => !stored.has(id))
      const byUrl = missing(wanted.urls ?? [])
      if (byId.length === 0 && byUrl.length === 0) return
      note(
        await tx.rows<LaneRow>(
          `SELECT ${LANE} FROM lanes WHERE id IN (
             SELECT unnest($1::bigint[]) UNION
             SELECT l.id FROM unnest($2::text[], $3::text[]) AS wanted(partner_id, host)
               JOIN lanes l ON l.partner_id = wanted.partner_id AND l.host = wanted.host)
           ORDER BY id FOR NO KEY UPDATE`,
          [byId, ...hostColumns(byUrl)],
        ),
      )
      for (const id of byId) if (!stored.has(id)) stored.set(id, NEW_LANE)
    },

    save: async tx => {
      const rows = take()
      if (rows.length === 0) return
      await tx.rows(
        `UPDATE lanes SET due_at = v.due_at, strikes = v.strikes, slow = v.slow, proven = v.proven
         FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bool[], $5::bool[])
           AS v(id, due_at, strikes, slow, proven)
         WHERE lanes.id = v.id`,
        [
          rows.map(({ id }) => id),
          rows.map(({ dueAt }) => dueAt),
          rows.map(({ strikes }) => strikes),
          rows.map(({ slow }) => slow),
          rows.map(({ proven }) => proven),
        ],
      )
    },
  }
}

const laneKey = (partnerId: string, host: string): string => `${partnerId} ${host}`

const hostColumns = (urls: readonly Callback[]): [partnerIds: string[], hosts: string[]] => [
  urls.map(({ partnerId }) => partnerId),
  urls.map(({ callbackUrl }) => hostOf(callbackUrl)),
]
