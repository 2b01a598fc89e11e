import type { Callback, TurnedCallback } from '../callbacks.ts'
import type { CallbackHealth, CallbackPlan } from '../rules/callback-health.ts'
import { distinctUrls, keyOf, urlColumns } from './callback-urls.ts'
import type { Tx } from './connection.ts'

/** The URLs that one run of a transaction works with: each is locked and read once, changed in memory, and written once. */
export interface HealthBook {
  /** Throws if it was not loaded. */
  get(url: Callback): CallbackHealth | null
  apply(url: Callback, plan: CallbackPlan): void
  /** What has become of URLs in this run. */
  turns: readonly TurnedCallback[]
  /** Of those that were loaded, some fail. */
  hasAny(): boolean
  /** Writes what has changed. */
  save(tx: Tx): Promise<void>
}

type Row = Callback & CallbackHealth

const HEALTH = `h.partner_id AS "partnerId", h.callback_url AS "callbackUrl", h.failing_since AS "failingSince", h.attempts,
  h.last_error AS "lastError", h.last_at AS "lastAt", h.state`
const FIND = `SELECT ${HEALTH} FROM callback_health h
  WHERE (h.partner_id, h.callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))`

/** URLs whose attempts have only failed; one that works has no row. */
export const createCallbackHealth = () => {
  const rowsOf = async (tx: Tx, text: string, urls: readonly Callback[]) => {
    const rows = urls.length === 0 ? [] : await tx.rows<Row>(text, urlColumns(urls))
    return new Map(rows.map(({ partnerId, callbackUrl, ...health }) => [keyOf({ partnerId, callbackUrl }), health]))
  }

  return {
    /** Without a lock. */
    findAll: async (tx: Tx, urls: readonly Callback[]): Promise<(url: Callback) => CallbackHealth | null> => {
      const found = await rowsOf(tx, FIND, distinctUrls(urls))
      return url => found.get(keyOf(url)) ?? null
    },

    load: async (tx: Tx, urls: readonly Callback[], at: number): Promise<HealthBook> => {
      const wanted = distinctUrls(urls)
      const loaded = await rowsOf(tx, `${FIND} ORDER BY h.partner_id, h.callback_url FOR NO KEY UPDATE`, wanted)
      const known = new Map<string, CallbackHealth | null>(
        wanted.map(url => [keyOf(url), loaded.get(keyOf(url)) ?? null]),
      )
      const changed = new Map<string, Callback>()
      const turns: TurnedCallback[] = []

      const get = (url: Callback): CallbackHealth | null => {
        const health = known.get(keyOf(url))
        if (health === undefined) throw new Error('the health of a URL was not loaded')
        return health
      }

      return {
        get,
        turns,
        hasAny: () => loaded.size > 0,
        apply: (url, { health, turn }) => {
          const before = get(url)
          const { partnerId, callbackUrl } = url
          const told = health ?? before
          if (turn && told) {
            const { failingSince, lastError } = told
            turns.push({ partnerId, callbackUrl, turn, failingSince, lastError })
          }
          if (health === before) return
          known.set(keyOf(url), health)
          changed.set(keyOf(url), { partnerId, callbackUrl })
        },
        save: async tx => {
          const urls = distinctUrls([...changed.values()])
          changed.clear()
          const rows = urls.flatMap(url => {
            const health = get(url)
            return health ? [{ ...url, ...health }] : []
          })
          await remove(
            tx,
            urls.filter(url => get(url) === null && loaded.has(keyOf(url))),
          )
          await write(
            tx,
            UPDATE,
            rows.filter(row => loaded.has(keyOf(row))),
            at,
          )
          await write(
            tx,
            INSERT,
            rows.filter(row => !loaded.has(keyOf(row))),
            at,
          )
        },
      }
    },
  }
}

const VALUES = `SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::text[], $6::bigint[], $7::text[],
  $8::bigint[])`
const UPDATE = `UPDATE callback_health h SET failing_since = v.failing_since, attempts = v.attempts, last_error = v.last_error,
    last_at = v.last_at, state = v.state, notice_due_at = v.notice_due_at
  FROM (${VALUES}) AS v(partner_id, callback_url, failing_since, attempts, last_error, last_at, state, notice_due_at)
  WHERE h.partner_id = v.partner_id AND h.callback_url = v.callback_url`
/** Where somebody else has added a row meanwhile, which could not be locked, the transaction is run again. */
const INSERT = `INSERT INTO callback_health
    (partner_id, callback_url, failing_since, attempts, last_error, last_at, state, notice_due_at) ${VALUES}`

const write = async (tx: Tx, text: string, rows: readonly Row[], at: number): Promise<void> => {
  if (rows.length === 0) return
  await tx.rows(text, [
    ...urlColumns(rows),
    rows.map(({ failingSince }) => failingSince),
    rows.map(({ attempts }) => attempts),
    rows.map(({ lastError }) => lastError),
    rows.map(({ lastAt }) => lastAt),
    rows.map(({ state }) => state),
    rows.map(({ state }) => (state === 'disabled' ? at : null)),
  ])
}

const remove = async (tx: Tx, urls: readonly Callback[]): Promise<void> => {
  if (urls.length === 0) return
  await tx.rows(
    `DELETE FROM callback_health
     WHERE (partner_id, callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    urlColumns(urls),
  )
}
