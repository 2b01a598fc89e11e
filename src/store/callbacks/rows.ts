import type { Hint } from '../hints.ts'
import { advanceLanes, findLaneIds, laneKey } from '../messages/lanes.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import {
  afterSuccess,
  BY_OPERATOR,
  type Callback,
  type CallbackHealth,
  type CallbackPlan,
  type CallbackRow,
  type ChangedCallback,
  callbackKey,
  endsHold,
  type HoldEnd,
} from './health.ts'

/** Columns of `callbacks c` for a `CallbackRow`. */
export const HEALTH = columnsOf(
  'callbacks',
  ['partnerId', 'callbackUrl', 'state', 'failingSince', 'attempts', 'lastError', 'lastAt', 'heldSince'],
  'c',
)

/** SQL condition on `callbacks c`: it is tried, and every attempt failed. One failed attempt may be a flaky moment. */
export const ONLY_FAILS = `(c.state = 'failing' OR (c.state = 'watched' AND c.attempts > 1))`

const OF_URLS: Sql = d => `(partner_id, callback_url) IN (
  SELECT partner_id, callback_url FROM ${d.rows('urls', { partnerId: 'text', callbackUrl: 'text' })})`
const FIND: Sql = d => `SELECT ${HEALTH} FROM callbacks c WHERE ${OF_URLS(d)}`
const LOCK: Sql = d => `${FIND(d)} ORDER BY partner_id, callback_url ${d.forUpdate()}`
const REMOVE: Sql = d => `DELETE FROM callbacks WHERE ${OF_URLS(d)}`

const distinct = (urls: readonly Callback[]): Callback[] =>
  [...new Map(urls.map(url => [callbackKey(url), url])).values()].map(({ partnerId, callbackUrl }) => {
    return { partnerId, callbackUrl }
  })

/** Runs the statement for these URLs. Returns their states, by `callbackKey`. */
const run = async (tx: Tx, sql: Sql, urls: readonly Callback[]): Promise<Map<string, CallbackHealth>> => {
  const rows = urls.length === 0 ? [] : await tx.all<CallbackRow>(sql, { urls: distinct(urls) })
  return new Map(rows.map(({ partnerId, callbackUrl, ...health }) => [callbackKey({ partnerId, callbackUrl }), health]))
}

/** Takes no lock. Returns null if the URL works. */
export const findUrl = async (tx: Tx, url: Callback): Promise<CallbackHealth | null> =>
  (await run(tx, FIND, [url])).get(callbackKey(url)) ?? null

/** Locks these URLs, in the order of partner and URL. Returns their states, by `callbackKey`. */
export const lockUrls = (tx: Tx, urls: readonly Callback[]): Promise<Map<string, CallbackHealth>> => run(tx, LOCK, urls)

/** The change of a URL, with its state `before`; null: it works. */
export interface UrlChange extends Callback, CallbackPlan {
  before: CallbackHealth | null
}

/**
 * @param stored the URLs as locked
 * @param changes in order; the last one of each URL is written
 * @returns the transitions
 */
export const saveUrls = async (
  tx: Tx,
  stored: ReadonlyMap<string, CallbackHealth>,
  changes: readonly UrlChange[],
): Promise<ChangedCallback[]> => {
  const isStored = (url: Callback): boolean => stored.has(callbackKey(url))
  const last = [...new Map(changes.map(change => [callbackKey(change), change])).values()]
  const changed = last.filter(change => change.health !== (stored.get(callbackKey(change)) ?? null)).sort(byKey)
  const removed = changed.filter(({ health }) => health === null)
  await run(tx, REMOVE, removed)
  const rows = changed.flatMap(({ partnerId, callbackUrl, health }) =>
    health === null ? [] : [{ partnerId, callbackUrl, ...health }],
  )
  await tx.update('callbacks', ['partnerId', 'callbackUrl'], rows.filter(isStored))
  // If another transaction has added a row meanwhile, which could not be locked, this one is run again.
  const added = rows.filter(row => !isStored(row))
  await tx.insert('callbacks', added)
  return changes.flatMap(({ partnerId, callbackUrl, before, health, transition }) => {
    const latest = health ?? before
    if (transition === null || latest === null) return []
    return [{ partnerId, callbackUrl, transition, failingSince: latest.failingSince, lastError: latest.lastError }]
  })
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
/** Order in which URLs are locked. */
const byKey = (a: Callback, b: Callback): number =>
  compareText(a.partnerId, b.partnerId) || compareText(a.callbackUrl, b.callbackUrl)

/** Releases held messages of the URLs whose hold `end` ends. Returns whether it released any, and the transitions. */
export const releaseUrls = async (tx: Tx, urls: readonly Callback[], end: HoldEnd) => {
  const found = await run(tx, FIND, urls)
  const held = distinct(urls.filter(url => found.get(callbackKey(url))?.heldSince != null))
  const stored = await lockUrls(tx, held)
  const released = held.flatMap(url => {
    const before = stored.get(callbackKey(url)) ?? null
    return endsHold(end, before) ? [{ ...url, before, ...afterSuccess(before) }] : []
  })
  return { isReleased: released.length > 0, changedUrls: await saveUrls(tx, stored, released) }
}

/** Maximum number of held messages that a claim releases. The next claim continues with the URL that waited longest. */
export const RELEASED_TOGETHER = 300

/** `state <> 'watched'` is the condition of the index `callbacks_state`. */
const RELEASING: Sql = d => `
  SELECT ${columnsOf('callbacks', ['partnerId', 'callbackUrl'])} FROM callbacks
  WHERE state = 'releasing' AND state <> 'watched' ORDER BY last_at LIMIT 1 ${d.forUpdate({ skipLocked: true })}`
/**
 * SQL expression on a message `d`: since when it is held for its URL; null: it is not. One that is resent to a held URL is
 * sent once, unless an operator holds it: until its next claim, its due time is that of the resend.
 */
export const HELD_SINCE = `(SELECT c.held_since FROM callbacks c WHERE c.partner_id = d.partner_id AND c.callback_url = d.callback_url
  AND NOT (d.fence > 0 AND d.claims = d.fence AND d.due_at >= c.held_since AND c.last_error <> '${BY_OPERATOR}'))`
/** SQL condition: the message is held for its URL, and a claim has seen it. */
export const IS_HELD = "state = 'pending' AND due_at IS NULL"
/** A URL's held messages in `deliveries`, in the order of an index: without it the planner may read all deliveries. */
export const HELD = `
  partner_id = @partnerId AND callback_url = @callbackUrl AND ${IS_HELD} ORDER BY seq`
/** Makes the first messages due that nobody else has locked. */
const RELEASE: Sql = d => `
  WITH held AS MATERIALIZED (
    SELECT seq FROM deliveries WHERE ${HELD} LIMIT ${RELEASED_TOGETHER} ${d.forUpdate({ skipLocked: true })})
  UPDATE deliveries SET due_at = @at WHERE seq IN (SELECT seq FROM held)`
const IS_HOLDING = `SELECT 1 FROM deliveries WHERE ${HELD} LIMIT 1`

/**
 * Makes messages due of one URL that is no longer held, and that no other transaction is releasing.
 *
 * A claim holds messages while it has locked their lane, and then reads the URL's state. The URL's row is removed here
 * while the lane is locked, so no message is held for a hold that has ended.
 */
export const releaseSome = async (tx: Tx): Promise<void> => {
  const [url] = await tx.all<Callback>(RELEASING)
  if (!url) return
  const laneId = (await findLaneIds(tx, [url])).get(laneKey(url))
  if (laneId !== undefined) await advanceLanes(tx, [laneId], tx.at)
  await tx.all(RELEASE, { ...url, at: tx.at })
  const [held] = await tx.all(IS_HOLDING, { ...url })
  if (!held) await run(tx, REMOVE, [url])
  else await tx.update('callbacks', ['partnerId', 'callbackUrl'], [{ ...url, lastAt: tx.at }])
}

export const afterCallbackChanges = (changedUrls: readonly ChangedCallback[]): Hint[] => {
  if (changedUrls.length === 0) return []
  const isReleased = changedUrls.some(({ transition }) => transition === 'enabled')
  return [['callbacksChanged', changedUrls], ...(isReleased ? [['messagesDue'] as Hint] : [])]
}
