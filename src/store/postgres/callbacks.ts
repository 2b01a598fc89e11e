import { type Callback, type CallbackPage, type CallbackTrouble, keyOf, MOST_HELD } from '../callbacks.ts'
import { afterSuccess, type CallbackHealth, disabledByOperator, heldBecause } from '../rules/callback-health.ts'
import {
  CALLBACK_WINDOW,
  type CallbackQuery,
  callbackTroublesOf,
  cutPage,
  placeOf,
  worstOf,
} from '../rules/callback-troubles.ts'
import { afterTurning } from '../rules/hints.ts'
import type { Store } from '../store.ts'
import { createCallbackHealth } from './callback-health.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import { urlColumns } from './callback-urls.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'

const HEALTH = `
  SELECT partner_id AS "partnerId", callback_url AS "callbackUrl", failing_since AS "failingSince", attempts,
    last_error AS "lastError", last_at AS "lastAt", state
  FROM callback_health WHERE (partner_id, callback_url) > ($1, $2) ORDER BY partner_id, callback_url LIMIT $3`
const PAUSES = `
  SELECT partner_id AS "partnerId", callback_url AS "callbackUrl", since, lifted_until IS NULL AS "isHeld"
  FROM callback_pauses WHERE (partner_id, callback_url) > ($1, $2) ORDER BY partner_id, callback_url LIMIT $3`
const COUNT_HELD = `
  SELECT u.partner_id AS "partnerId", u.callback_url AS "callbackUrl", count(*) AS held
  FROM unnest($1::text[], $2::text[]) AS u(partner_id, callback_url)
    CROSS JOIN LATERAL (SELECT 1 FROM deliveries d
      WHERE d.partner_id = u.partner_id AND d.callback_url = u.callback_url AND d.state = 'pending' AND d.due_at IS NULL
      LIMIT ${MOST_HELD}) AS one
  GROUP BY u.partner_id, u.callback_url`

/** Of each URL how many messages are held, counted up to `MOST_HELD`. */
const countHeld = async (tx: Tx, urls: readonly Callback[]): Promise<(url: Callback) => number> => {
  const rows = urls.length === 0 ? [] : await tx.rows<Callback & { held: number }>(COUNT_HELD, urlColumns(urls))
  const counts = new Map(rows.map(row => [keyOf(row), row.held]))
  return url => counts.get(keyOf(url)) ?? 0
}

const withHeld = async (tx: Tx, troubles: readonly Omit<CallbackTrouble, 'held'>[]): Promise<CallbackTrouble[]> => {
  const heldOf = await countHeld(
    tx,
    troubles.filter(({ heldSince }) => heldSince !== null),
  )
  return troubles.map(trouble => ({ ...trouble, held: heldOf(trouble) }))
}

const lookAt = async (tx: Tx, query: CallbackQuery) => {
  const { partnerId, callbackUrl } = placeOf(query)
  const place = [partnerId, callbackUrl, CALLBACK_WINDOW]
  const health = await tx.rows<Callback & CallbackHealth>(HEALTH, place)
  const pauses = await tx.rows<Callback & { since: number; isHeld: boolean }>(PAUSES, place)
  return callbackTroublesOf({ health, pauses }, query)
}

/** A page of the URLs that are in trouble. */
const pageOf = async (tx: Tx, query: CallbackQuery, limit: number): Promise<CallbackPage> => {
  const { troubles, next } = cutPage(await lookAt(tx, query), limit)
  return { troubles: await withHeld(tx, troubles), next }
}

/** Of a partner's URLs in trouble, those that have failed the longest. */
export const worstCallbacks = async (tx: Tx, partnerId: string): Promise<CallbackTrouble[]> => {
  const { troubles } = await lookAt(tx, { partnerId, after: null })
  return withHeld(tx, worstOf(troubles))
}

export const createCallbacks = ({
  read,
  write,
  tell,
}: Pick<Context, 'read' | 'write' | 'tell'>): Pick<Store, 'enableCallback' | 'disableCallback' | 'listCallbacks'> => {
  const pauses = createCallbackPauses()
  const health = createCallbackHealth()
  const lanes = createLanes()

  const enable = async (tx: Tx, url: Callback, end: 'test' | 'operator') => {
    const healthBook = await health.load(tx, [url], tx.at)
    const pauseBook = await pauses.load(tx, [url])
    const laneBook = await lanes.load(tx, { urls: [url] })
    const isReleased = pauseBook.lift(url, end, healthBook)
    if (pauseBook.since(url) === null) healthBook.apply(url, afterSuccess(healthBook.get(url)))
    await pauseBook.save(tx, { at: tx.at, lanes: laneBook })
    await laneBook.save(tx)
    await healthBook.save(tx)
    return { isReleased, turns: healthBook.turns }
  }

  return {
    enableCallback: async ({ partnerId, callbackUrl }, end) => {
      const url = { partnerId, callbackUrl }
      const isWell = await read(async tx => {
        const [sinceOf, healthOf] = [await pauses.sinceOf(tx, [url]), await health.findAll(tx, [url])]
        return sinceOf(url) === null && healthOf(url) === null
      })
      if (isWell) return false
      const { isReleased, turns } = await write(tx => enable(tx, url, end))
      tell(afterTurning(turns))
      if (isReleased) tell([['messagesDue']])
      return isReleased
    },

    disableCallback: url =>
      write(async tx => {
        const book = await health.load(tx, [url], tx.at)
        const pauseBook = await pauses.load(tx, [url])
        const laneBook = await lanes.load(tx, { urls: [url] })
        if (heldBecause(book.get(url)) === 'operator') return false
        pauseBook.pause(url, tx.at)
        book.apply(url, disabledByOperator(tx.at))
        await pauseBook.save(tx, { at: tx.at, lanes: laneBook })
        await book.save(tx)
        return true
      }),

    listCallbacks: (partnerId, { after, limit }) => read(tx => pageOf(tx, { partnerId, after }, limit)),
  }
}
