import { createHealthChanges, type HealthChanges } from '../callback-health.ts'
import { type Callback, keyOf } from '../callbacks.ts'
import type { CallbackHealth } from '../rules/callback-health.ts'
import { firstNoticeAt } from '../rules/callback-notice.ts'
import { byCallback } from '../rules/callback-troubles.ts'
import { distinctUrls, urlColumns } from './callback-urls.ts'
import type { Tx } from './connection.ts'

/** Each URL is locked and read before; `get` throws where it was not. */
export interface HealthBook extends Omit<HealthChanges, 'take'> {
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
      const known = new Map(wanted.map(url => [keyOf(url), loaded.get(keyOf(url)) ?? null]))
      const { take, ...changes } = createHealthChanges(url => {
        const health = known.get(keyOf(url))
        if (health === undefined) throw new Error('the health of a URL was not loaded')
        return health
      })
      const isStored = (url: Callback): boolean => loaded.has(keyOf(url))

      return {
        ...changes,
        hasAny: () => loaded.size > 0,
        save: async tx => {
          const changed = take().toSorted(byCallback)
          const rows = changed.flatMap(({ health, ...url }) => (health ? [{ ...url, ...health }] : []))
          const well = changed.filter(({ health }) => health === null)
          await remove(tx, well.filter(isStored))
          await write(tx, UPDATE, rows.filter(isStored), at)
          await write(
            tx,
            INSERT,
            rows.filter(row => !isStored(row)),
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
    rows.map(health => firstNoticeAt(health, at)),
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
