import type { VerbModule } from '../context.ts'
import { type Page, pageOf } from '../page.ts'
import type { Tx } from '../tx.ts'
import {
  afterSuccess,
  type Callback,
  type CallbackRow,
  type CallbackTrouble,
  callbackKey,
  disabledByOperator,
  endsHold,
  heldBecause,
} from './health.ts'
import { afterCallbackChanges, findUrl, HEALTH, HELD, lockUrls, ONLY_FAILS, saveUrls } from './rows.ts'

/** Maximum number of URLs in a partner's status, the longest failing first. */
const MAX_TROUBLES = 20
/** Upper bound of counted held messages per URL. */
const MAX_HELD = 1_000

/** @param held number of messages held for it */
const troubleOf = ({ state, lastError, ...row }: CallbackRow, held: number): CallbackTrouble => ({
  partnerId: row.partnerId,
  callbackUrl: row.callbackUrl,
  state: state === 'gone' || state === 'disabled' ? state : 'failing',
  since: row.failingSince,
  heldSince: row.heldSince,
  lastError: state === 'gone' ? null : lastError,
  held,
})

export const callbackVerbs = {
  calls: ({ read, write, emitHints }) => ({
    /**
     * Treats a held URL as working, after a good test or on an operator's word: releases its messages and forgets its
     * failures. Only an operator ends an operator's hold. A good test also ends the failures of a URL that is not held.
     * Returns whether a hold has ended.
     */
    enableCallback: async (url: Callback, end: 'test' | 'operator'): Promise<boolean> => {
      if ((await read(tx => findUrl(tx, url))) === null) return false
      const { isReleased, changedUrls } = await write(async tx => {
        const stored = await lockUrls(tx, [url])
        const before = stored.get(callbackKey(url)) ?? null
        const isReleased = endsHold(end, before)
        const works = isReleased || (end === 'test' && heldBecause(before) === null)
        const changes = works ? [{ ...url, before, ...afterSuccess(before) }] : []
        return { isReleased, changedUrls: await saveUrls(tx, stored, changes) }
      })
      emitHints(afterCallbackChanges(changedUrls))
      if (isReleased) emitHints([['messagesDue']])
      return isReleased
    },

    /** Holds messages for a URL until an operator enables it. Returns false if an operator has disabled it already. */
    disableCallback: (url: Callback): Promise<boolean> =>
      write(async tx => {
        const stored = await lockUrls(tx, [url])
        const before = stored.get(callbackKey(url)) ?? null
        if (heldBecause(before) === 'operator') return false
        await saveUrls(tx, stored, [{ ...url, before, ...disabledByOperator(tx.at) }])
        return true
      }),
  }),

  lists: ({ read, queued }) => ({
    /**
     * URLs that fail or are held, ordered by partner and URL, from after `after`. If `partnerId` is null, those of all
     * partners, without URLs that have failed only once.
     */
    listCallbacks: (
      partnerId: string | null,
      { after, limit }: { after: Callback | null; limit: number },
    ): Promise<Page<CallbackTrouble, Callback>> =>
      queued(partnerId ?? 'listCallbacks', () =>
        read(async tx => {
          const from = after ?? { partnerId: partnerId ?? '', callbackUrl: '' }
          const rows = await tx.all<CallbackRow>(PAGE, { ...from, of: partnerId, limit: limit + 1 })
          return pageOf(await withHeld(tx, rows), limit, ({ partnerId, callbackUrl }) => ({ partnerId, callbackUrl }))
        }),
      ),
  }),
} satisfies VerbModule

/** For all partners, leaves out URLs that have failed only once. */
const PAGE = `
  SELECT ${HEALTH} FROM callbacks c
  WHERE (partner_id, callback_url) > (@partnerId, @callbackUrl) AND state <> 'releasing'
    AND CASE WHEN CAST(@of AS text) IS NULL THEN state <> 'watched' OR ${ONLY_FAILS} ELSE partner_id = @of END
  ORDER BY partner_id, callback_url LIMIT @limit`
const WORST = `
  SELECT ${HEALTH} FROM callbacks c WHERE partner_id = @partnerId AND state <> 'releasing'
  ORDER BY failing_since, callback_url LIMIT ${MAX_TROUBLES}`
const COUNT_HELD = `SELECT count(*) AS held FROM (SELECT 1 FROM deliveries WHERE ${HELD} LIMIT ${MAX_HELD}) AS one`

const withHeld = async (tx: Tx, rows: readonly CallbackRow[]): Promise<CallbackTrouble[]> => {
  const holding = rows.filter(({ heldSince }) => heldSince !== null)
  const urls = holding.map(({ partnerId, callbackUrl }) => ({ partnerId, callbackUrl }))
  const counted = await tx.each<{ held: number }>(COUNT_HELD, urls)
  const counts = new Map(holding.map((row, i) => [row, counted[i]?.[0]?.held]))
  return rows.map(row => troubleOf(row, counts.get(row) ?? 0))
}

/** Returns the URLs of a partner that have failed the longest. */
export const worstCallbacks = async (tx: Tx, partnerId: string): Promise<CallbackTrouble[]> =>
  withHeld(tx, await tx.all<CallbackRow>(WORST, { partnerId }))
