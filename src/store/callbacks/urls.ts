import {
  type Callback,
  type CallbackChanges,
  type CallbackHealth,
  type CallbackRow,
  callbackKey,
  createCallbackChanges,
  firstNoticeAt,
  type HoldEnd,
  RELEASED_TOGETHER,
} from '../callbacks.ts'
import { createLanes } from '../messages/lanes.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'

/** Each URL is locked and read before; `get` throws where it was not. */
export interface UrlChanges extends Omit<CallbackChanges, 'take'> {
  /** Writes what has changed. */
  save(tx: Tx): Promise<void>
}

/** Of `callbacks c`, what a `CallbackRow` has. */
export const HEALTH = columnsOf(
  'callbacks',
  ['partnerId', 'callbackUrl', 'state', 'failingSince', 'attempts', 'lastError', 'lastAt', 'heldSince'],
  'c',
)

const OF_URLS: Sql = d => `(partner_id, callback_url) IN (
  SELECT partner_id, callback_url FROM ${d.rows('urls', { partnerId: 'text', callbackUrl: 'text' })})`
const FIND: Sql = d => `SELECT ${HEALTH} FROM callbacks c WHERE ${OF_URLS(d)}`
const LOCK: Sql = d => `${FIND(d)} ORDER BY partner_id, callback_url ${d.forUpdate()}`
const REMOVE: Sql = d => `DELETE FROM callbacks WHERE ${OF_URLS(d)}`

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
/** Each once, in the order of their key, which is the order of their locks. */
const distinct = <Url extends Callback>(urls: readonly Url[]): Url[] =>
  [...new Map(urls.map(url => [callbackKey(url), url])).values()].sort(
    (a, b) => compareText(a.partnerId, b.partnerId) || compareText(a.callbackUrl, b.callbackUrl),
  )

const run = async (tx: Tx, sql: Sql, urls: readonly Callback[]): Promise<CallbackRow[]> => {
  const plain = urls.map(({ partnerId, callbackUrl }) => ({ partnerId, callbackUrl }))
  return plain.length === 0 ? [] : tx.all(sql, { urls: plain })
}
const read = async (tx: Tx, sql: Sql, urls: readonly Callback[]): Promise<Map<string, CallbackHealth>> => {
  const rows = await run(tx, sql, urls)
  return new Map(rows.map(({ partnerId, callbackUrl, ...health }) => [callbackKey({ partnerId, callbackUrl }), health]))
}

/** Without a lock; null: it works. */
export const findUrl = async (tx: Tx, url: Callback): Promise<CallbackHealth | null> =>
  (await read(tx, FIND, [url])).get(callbackKey(url)) ?? null

export const lockUrls = async (tx: Tx, urls: readonly Callback[]): Promise<UrlChanges> => {
  const known = new Set(urls.map(callbackKey))
  const loaded = await read(tx, LOCK, distinct(urls))
  const { take, ...changes } = createCallbackChanges(url => {
    if (!known.has(callbackKey(url))) throw new Error('a URL was not locked')
    return loaded.get(callbackKey(url)) ?? null
  })
  const isStored = (url: Callback): boolean => loaded.has(callbackKey(url))

  return {
    ...changes,
    save: async tx => {
      const changed = distinct(take())
      const well = changed.filter(url => url.health === null && isStored(url))
      await run(tx, REMOVE, well)
      const rows = changed.flatMap(({ health, ...url }) =>
        health ? [{ ...url, ...health, noticeDueAt: firstNoticeAt(health, tx.at), noticeTries: 0 }] : [],
      )
      await tx.update('callbacks', ['partnerId', 'callbackUrl'], rows.filter(isStored))
      // Where somebody else has added a row meanwhile, which could not be locked, the transaction is run again.
      await tx.insert(
        'callbacks',
        rows.filter(row => !isStored(row)),
      )
    },
  }
}

/** Lets go what is held for these URLs, where `end` may; whether it did, and what has become of them. */
export const releaseUrls = async (tx: Tx, urls: readonly Callback[], end: HoldEnd) => {
  const wanted = distinct(urls)
  const found = await read(tx, FIND, wanted)
  const held = wanted.filter(url => found.get(callbackKey(url))?.heldSince != null)
  const changes = await lockUrls(tx, held)
  const released = held.filter(url => changes.release(url, end))
  await changes.save(tx)
  return { isReleased: released.length > 0, changedUrls: changes.changedUrls }
}

const RELEASING: Sql = d => `
  SELECT ${columnsOf('callbacks', ['partnerId', 'callbackUrl'])} FROM callbacks
  WHERE state = 'releasing' AND state <> 'watched' ORDER BY last_at LIMIT 1 ${d.forUpdate({ skipLocked: true })}`
/** Of `deliveries`, what is held for a URL. Without the order, which is an index's, the planner may read all that there are. */
export const HELD = `
  partner_id = @partnerId AND callback_url = @callbackUrl AND state = 'pending' AND due_at IS NULL ORDER BY seq`
/** The first messages that nobody else has locked. */
const RELEASE: Sql = d => `
  UPDATE deliveries SET due_at = @at WHERE seq IN (
    SELECT seq FROM deliveries WHERE ${HELD} LIMIT ${RELEASED_TOGETHER} ${d.forUpdate({ skipLocked: true })})
  RETURNING seq`
const IS_HOLDING = `SELECT 1 FROM deliveries WHERE ${HELD} LIMIT 1`

const lanesOf = createLanes()

/**
 * Makes messages due of one URL that is held no more, of those that nobody else goes on with.
 *
 * A claim holds messages with their lane locked, and reads the URL's state after that; here the row is removed with the lane locked: so
 * none is held for a hold that has ended.
 */
export const releaseSome = async (tx: Tx): Promise<void> => {
  const [url] = await tx.all<Callback>(RELEASING)
  if (!url) return
  const id = (await lanesOf.findIds(tx, [url]))(url)
  const lanes = await lanesOf.load(tx, { ids: id === null ? [] : [id] })
  const released = await tx.all(RELEASE, { ...url, at: tx.at })
  if (id !== null && released.length > 0) lanes.advance(id, tx.at)
  await lanes.save(tx)
  const [held] = await tx.all(IS_HOLDING, { ...url })
  if (!held) await run(tx, REMOVE, [url])
  else await tx.update('callbacks', ['partnerId', 'callbackUrl'], [{ ...url, lastAt: tx.at }])
}
