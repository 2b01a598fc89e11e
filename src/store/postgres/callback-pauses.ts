import { type Callback, keyOf } from '../callbacks.ts'
import { type HoldEnd, RELEASED_TOGETHER } from '../rules/callback-health.ts'
import type { HealthBook } from './callback-health.ts'
import { distinctUrls, urlColumns } from './callback-urls.ts'
import type { Tx } from './connection.ts'
import { createLanes, type LaneBook } from './lanes.ts'

/** The URLs that one run of a transaction works with: each is locked and read once, changed in memory, and written once. */
export interface PauseBook {
  /** Since when its messages are held; null: they are not. Throws if it was not loaded. */
  since(url: Callback): number | null
  pause(url: Callback, at: number): void
  /** For a URL that works: what was held goes on the ramp. Whether it was held. */
  release(url: Callback): boolean
  /** The same where `end` may end the hold of a URL, whose failures are forgotten then. */
  lift(url: Callback, end: HoldEnd, health: HealthBook): boolean
  /** Writes what has changed. The caller saves the lanes after it. */
  save(tx: Tx, given: { at: number; lanes: LaneBook }): Promise<void>
}

interface Pause {
  since: number
  /** Not paused any more: what was held is being made due, and is up to this message's `seq`. */
  liftedUntil: number | null
}

type Row = Callback & Pause

/** Held messages that go on being made due, behind `after`. */
type Lifted = Row & { after: number }

const PAUSE = `p.partner_id AS "partnerId", p.callback_url AS "callbackUrl", p.since, p.lifted_until AS "liftedUntil"`
const FIND = `SELECT ${PAUSE} FROM callback_pauses p
  WHERE (p.partner_id, p.callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))`

/** Of each URL the first messages that are held behind $3, of the first URL first. */
export const HELD = `
  SELECT u.nth, held.seq, held.lane_id AS "laneId"
  FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS u(partner_id, callback_url, after, nth)
    CROSS JOIN LATERAL (SELECT d.seq, d.lane_id FROM deliveries d
      WHERE d.partner_id = u.partner_id AND d.callback_url = u.callback_url AND d.state = 'pending' AND d.due_at IS NULL
        AND d.seq > u.after
      ORDER BY d.seq LIMIT ${RELEASED_TOGETHER}) AS held
  ORDER BY u.nth, held.seq LIMIT ${RELEASED_TOGETHER}`

/**
 * URLs that answered 410, or are disabled. Their messages stay pending with no due time until the pause is lifted, and then go on
 * their lane's ramp. Those of a URL for which very many are held are put there bit by bit: from then on it is not paused, but has
 * `lifted_until`, the last of those that are due.
 *
 * Messages are held and released by whoever has their lane locked, who reads the pauses after that: so none is held for a pause that
 * has ended.
 */
export const createCallbackPauses = () => {
  const lanesOf = createLanes()

  const load = async (tx: Tx, urls: readonly Callback[]): Promise<PauseBook> => {
    const wanted = distinctUrls(urls)
    const rows =
      wanted.length === 0
        ? []
        : await tx.rows<Row>(`${FIND} ORDER BY p.partner_id, p.callback_url FOR NO KEY UPDATE`, urlColumns(wanted))
    const loaded = new Set(rows.map(keyOf))
    const known = new Map<string, Pause | null>(wanted.map(url => [keyOf(url), null]))
    for (const { partnerId, callbackUrl, ...pause } of rows) known.set(keyOf({ partnerId, callbackUrl }), pause)
    const changed = new Map<string, Callback>()
    /** Each once, in order, with the time since when it had been held. */
    const released = new Map<string, Lifted>()

    const get = (url: Callback): Pause | null => {
      const pause = known.get(keyOf(url))
      if (pause === undefined) throw new Error('the pause of a URL was not loaded')
      return pause
    }
    const set = ({ partnerId, callbackUrl }: Callback, pause: Pause | null) => {
      const url = { partnerId, callbackUrl }
      known.set(keyOf(url), pause)
      changed.set(keyOf(url), url)
    }
    const since = (url: Callback): number | null => {
      const pause = get(url)
      return pause?.liftedUntil === null ? pause.since : null
    }
    const release = ({ partnerId, callbackUrl }: Callback): boolean => {
      const url = { partnerId, callbackUrl }
      const heldSince = since(url)
      if (heldSince === null) return false
      released.set(keyOf(url), { ...url, since: heldSince, liftedUntil: null, after: 0 })
      set(url, null)
      return true
    }

    return {
      since,
      release,
      pause: (url, at) => {
        if (since(url) === null) set(url, { since: at, liftedUntil: null })
      },
      lift: (url, end, health) => since(url) !== null && health.endHold(url, end) && release(url),
      save: async (tx, given) => {
        for (const one of await releaseSome(tx, [...released.values()], given))
          if (get(one) === null && one.liftedUntil !== null) set(one, one)
        released.clear()
        const urls = distinctUrls([...changed.values()])
        changed.clear()
        const rows = urls.flatMap(url => {
          const pause = get(url)
          return pause ? [{ ...url, ...pause }] : []
        })
        await forget(
          tx,
          urls.filter(url => get(url) === null && loaded.has(keyOf(url))),
        )
        await write(
          tx,
          UPDATE,
          rows.filter(row => loaded.has(keyOf(row))),
        )
        await write(
          tx,
          INSERT,
          rows.filter(row => !loaded.has(keyOf(row))),
        )
      },
    }
  }

  return {
    load,

    /** Since when the messages of a URL are held, without a lock; null: they are not. */
    sinceOf: async (tx: Tx, urls: readonly Callback[]): Promise<(url: Callback) => number | null> => {
      const rows =
        urls.length === 0
          ? []
          : await tx.rows<Row>(`${FIND} AND p.lifted_until IS NULL`, urlColumns(distinctUrls(urls)))
      const found = new Map(rows.map(row => [keyOf(row), row.since]))
      return url => found.get(keyOf(url)) ?? null
    },

    /**
     * Of these URLs those for which messages are held.
     *
     * @param how.stays no other is held before the transaction ends: their lanes are locked
     */
    holding: async (
      tx: Tx,
      urls: readonly Callback[],
      { stays }: { stays: boolean },
    ): Promise<(url: Callback) => boolean> => {
      if (stays) await lanesOf.load(tx, { urls })
      const rows = await tx.rows<Callback>(
        `SELECT u.partner_id AS "partnerId", u.callback_url AS "callbackUrl"
         FROM unnest($1::text[], $2::text[]) AS u(partner_id, callback_url)
           CROSS JOIN LATERAL (SELECT 1 FROM deliveries d
             WHERE d.partner_id = u.partner_id AND d.callback_url = u.callback_url AND d.state = 'pending' AND d.due_at IS NULL
             LIMIT 1) AS held`,
        urlColumns(distinctUrls(urls)),
      )
      const keys = new Set(rows.map(keyOf))
      return url => keys.has(keyOf(url))
    },

    /** Without lifting: for URLs that nothing is held for. */
    forget,

    /** Goes on with one URL that still has messages to be made due, of those that nobody else goes on with. */
    continueLifting: async (tx: Tx, at: number): Promise<void> => {
      const [row] = await tx.rows<Row>(
        `SELECT ${PAUSE} FROM callback_pauses p
         WHERE p.lifted_until IS NOT NULL ORDER BY p.lifted_until LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
      )
      if (!row) return
      const lanes = await lanesOf.load(tx, { urls: [row] })
      const [left] = await releaseSome(tx, [{ ...row, after: row.liftedUntil ?? 0 }], { at, lanes })
      if (left?.liftedUntil === null) await forget(tx, [left])
      else if (left) await write(tx, UPDATE, [left])
      await lanes.save(tx)
    },
  }
}

/**
 * Makes messages of these URLs due, the first URL's first, so many as a transaction may; how far each has come. Up to what somebody
 * else has locked, at first. `liftedUntil` is null where nothing is held any more.
 */
const releaseSome = async (
  tx: Tx,
  urls: readonly Lifted[],
  { at, lanes }: { at: number; lanes: LaneBook },
): Promise<Row[]> => {
  if (urls.length === 0) return []
  await lanes.lock(tx, { urls })
  const rows = await tx.rows<{ nth: number; seq: number; laneId: number }>(HELD, [
    ...urlColumns(urls),
    urls.map(({ after }) => after),
  ])
  const free = await lockHeld(
    tx,
    rows.map(({ seq }) => seq),
  )
  const released = rows.filter(({ seq }) => free.has(seq))
  const places = released.map(({ seq, laneId }) => ({ seq, dueAt: lanes.ramp(laneId, seq, at) }))
  if (places.length > 0) {
    await tx.rows(
      `UPDATE deliveries SET due_at = v.due_at FROM unnest($1::bigint[], $2::bigint[]) AS v(seq, due_at)
       WHERE deliveries.seq = v.seq`,
      [places.map(({ seq }) => seq), places.map(({ dueAt }) => dueAt)],
    )
  }
  const ofUrl = Map.groupBy(rows, ({ nth }) => nth)
  let left = RELEASED_TOGETHER
  return urls.map(({ after, ...url }, i) => {
    const mine = ofUrl.get(i + 1) ?? []
    const isAll = mine.length < left
    left -= mine.length
    const busy = mine.find(({ seq }) => !free.has(seq))
    if (busy) return { ...url, liftedUntil: busy.seq - 1 }
    return { ...url, liftedUntil: isAll ? null : (mine.at(-1)?.seq ?? after) }
  })
}

/** Of these those that are held, without those that others have locked: whoever resends one waits for its lane, which we have. */
const lockHeld = async (tx: Tx, seqs: readonly number[]): Promise<ReadonlySet<number>> => {
  if (seqs.length === 0) return new Set()
  const rows = await tx.rows<{ seq: number }>(
    `SELECT seq FROM deliveries WHERE seq = ANY($1::bigint[]) AND state = 'pending' AND due_at IS NULL
     ORDER BY seq FOR NO KEY UPDATE SKIP LOCKED`,
    [seqs],
  )
  return new Set(rows.map(({ seq }) => seq))
}

const VALUES = 'SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])'
const UPDATE = `UPDATE callback_pauses p SET since = v.since, lifted_until = v.lifted_until
  FROM (${VALUES}) AS v(partner_id, callback_url, since, lifted_until)
  WHERE p.partner_id = v.partner_id AND p.callback_url = v.callback_url`
/** Where somebody else has added a row meanwhile, which could not be locked, the transaction is run again. */
const INSERT = `INSERT INTO callback_pauses (partner_id, callback_url, since, lifted_until) ${VALUES}`

const write = async (tx: Tx, text: string, rows: readonly Row[]): Promise<void> => {
  if (rows.length === 0) return
  await tx.rows(text, [...urlColumns(rows), rows.map(({ since }) => since), rows.map(({ liftedUntil }) => liftedUntil)])
}

const forget = async (tx: Tx, urls: readonly Callback[]): Promise<void> => {
  if (urls.length === 0) return
  await tx.rows(
    `DELETE FROM callback_pauses
     WHERE (partner_id, callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    urlColumns(urls),
  )
}
