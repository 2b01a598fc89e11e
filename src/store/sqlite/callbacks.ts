import { type Callback, type CallbackPage, type CallbackTrouble, MOST_HELD } from '../callbacks.ts'
import { tellHints } from '../hints.ts'
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
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'

type After = Callback & { limit: number }

/** Reads which URLs are in trouble. */
export const createCallbackTroubles = ({ client }: Pick<Context, 'client'>) => {
  const health = client.prepare<After, Callback & CallbackHealth>(`
    SELECT partner_id AS partnerId, callback_url AS callbackUrl, failing_since AS failingSince, attempts,
      last_error AS lastError, last_at AS lastAt, state
    FROM callback_health WHERE (partner_id, callback_url) > (+@partnerId, +@callbackUrl)
    ORDER BY partner_id, callback_url LIMIT +@limit`)
  const pauses = client.prepare<After, Callback & { since: number; isHeld: 0 | 1 }>(`
    SELECT partner_id AS partnerId, callback_url AS callbackUrl, since, lifted_until IS NULL AS isHeld
    FROM callback_pauses WHERE (partner_id, callback_url) > (+@partnerId, +@callbackUrl)
    ORDER BY partner_id, callback_url LIMIT +@limit`)
  const countHeld = client
    .prepare<[partnerId: string, callbackUrl: string, limit: number], number>(`
    SELECT count(*) FROM (SELECT 1 FROM messages
      WHERE partner_id = +? AND callback_url = +? AND state = 'pending' AND due_at IS NULL LIMIT +?)`)
    .pluck()

  const withHeld = (trouble: Omit<CallbackTrouble, 'held'>): CallbackTrouble => ({
    ...trouble,
    held: trouble.heldSince === null ? 0 : (countHeld.get(trouble.partnerId, trouble.callbackUrl, MOST_HELD) ?? 0),
  })

  const look = (query: CallbackQuery) => {
    const place = { ...placeOf(query), limit: CALLBACK_WINDOW }
    const paused = pauses.all(place).map(row => ({ ...row, isHeld: row.isHeld === 1 }))
    return callbackTroublesOf({ health: health.all(place), pauses: paused }, query)
  }

  return {
    held: ({ partnerId, callbackUrl }: Callback): number => countHeld.get(partnerId, callbackUrl, MOST_HELD) ?? 0,

    page: (query: CallbackQuery, limit: number): CallbackPage => {
      const { troubles, next } = cutPage(look(query), limit)
      return { troubles: troubles.map(withHeld), next }
    },

    /** Of a partner, those that have failed the longest. */
    worst: (partnerId: string): CallbackTrouble[] => worstOf(look({ partnerId, after: null }).troubles).map(withHeld),
  }
}

export const createCallbacks = (
  context: Context,
): Pick<Store, 'enableCallback' | 'disableCallback' | 'listCallbacks'> => {
  const { client, read, write, now, hints } = context
  const troubles = createCallbackTroubles(context)
  const pauses = createCallbackPauses(context)
  const health = createCallbackHealth(context)
  const beginLanes = createLanes(client)

  return {
    enableCallback: async ({ partnerId, callbackUrl }, end) => {
      const isWell = await read(() => {
        const url = { partnerId, callbackUrl }
        return pauses.since(url) === null && health.find(url) === null
      })
      if (isWell) return false
      const { isReleased, turns } = await write(() => {
        const [at, lanes, url] = [now(), beginLanes(), { partnerId, callbackUrl }]
        const book = health.begin(at)
        const isReleased = pauses.beginLifting(end, { at, lanes, health: book })(url)
        if (pauses.since(url) === null) book.apply(url, afterSuccess(book.get(url)))
        lanes.save()
        book.save()
        return { isReleased, turns: book.turns }
      })
      tellHints(hints, afterTurning(turns))
      if (isReleased) tellHints(hints, [['messagesDue']])
      return isReleased
    },

    disableCallback: url =>
      write(() => {
        const [at, book] = [now(), health.begin(now())]
        if (heldBecause(book.get(url)) === 'operator') return false
        pauses.pause(url, at)
        book.apply(url, disabledByOperator(at))
        book.save()
        return true
      }),

    listCallbacks: (partnerId, { after, limit }) => read(() => troubles.page({ partnerId, after }, limit)),
  }
}
