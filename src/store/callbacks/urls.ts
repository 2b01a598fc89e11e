import { advanceLanes, findLaneIds, laneKey } from '../messages/lanes.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import {
  afterSuccess,
  type Callback,
  type CallbackHealth,
  type CallbackPlan,
  type CallbackRow,
  type ChangedCallback,
  callbackKey,
  endsHold,
  firstNoticeAt,
  type HoldEnd,
} from './callback.ts'

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

/** For these URLs, each once; what is known of them, by `callbackKey`. */
const run = async (tx: Tx, sql: Sql, urls: readonly Callback[]): Promise<Map<string, CallbackHealth>> => {
  const plain = urls.map(({ partnerId, callbackUrl }) => ({ partnerId, callbackUrl }))
  const distinct = [...new Map(plain.map(url => [callbackKey(url), url])).values()]
  const rows = distinct.length === 0 ? [] : await tx.all<CallbackRow>(sql, { urls: distinct })
  return new Map(rows.map(({ partnerId, callbackUrl, ...health }) => [callbackKey({ partnerId, callbackUrl }), health]))
}

/** Without a lock; null: it works. */
export const findUrl = async (tx: Tx, url: Callback): Promise<CallbackHealth | null> =>
  (await run(tx, FIND, [url])).get(callbackKey(url)) ?? null

/** URLs that are locked: each is read once, changed in memory, and written once. */
export interface LockedUrls {
  /** Null: it works. */
  get(url: Callback): CallbackHealth | null
  apply(url: Callback, plan: CallbackPlan): void
  /** Lets go what is held for a URL, where this may; whether it did. */
  release(url: Callback, end: HoldEnd): boolean
  changedUrls: readonly ChangedCallback[]
  save(tx: Tx): Promise<void>
}

export const lockUrls = async (tx: Tx, urls: readonly Callback[]): Promise<LockedUrls> => {
  const stored = await run(tx, LOCK, urls)
  const changed = new Map<string, Callback & { health: CallbackHealth | null }>()
  const changedUrls: ChangedCallback[] = []

  const get = (url: Callback): CallbackHealth | null =>
    (changed.get(callbackKey(url)) ?? { health: stored.get(callbackKey(url)) ?? null }).health
  const apply = (url: Callback, { health, transition }: CallbackPlan): void => {
    const { partnerId, callbackUrl } = url
    const before = get(url)
    const told = health ?? before
    if (transition && told) {
      const { failingSince, lastError } = told
      changedUrls.push({ partnerId, callbackUrl, transition, failingSince, lastError })
    }
    if (health !== before) changed.set(callbackKey(url), { partnerId, callbackUrl, health })
  }

  return {
    get,
    apply,
    release: (url, end) => {
      if (!endsHold(end, get(url))) return false
      apply(url, afterSuccess(get(url)))
      return true
    },
    changedUrls,
    save: async tx => {
      const isStored = (url: Callback): boolean => stored.has(callbackKey(url))
      await run(
        tx,
        REMOVE,
        [...changed.values()].filter(url => url.health === null && isStored(url)),
      )
      const rows = [...changed.values()]
        .sort(byKey)
        .flatMap(({ health, ...url }) =>
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

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
/** The order of their locks. */
const byKey = (a: Callback, b: Callback): number =>
  compareText(a.partnerId, b.partnerId) || compareText(a.callbackUrl, b.callbackUrl)

/** Lets go what is held for these URLs, where `end` may; whether it did, and what has become of them. */
export const releaseUrls = async (tx: Tx, wanted: readonly Callback[], end: HoldEnd) => {
  const found = await run(tx, FIND, wanted)
  const held = wanted.filter(url => found.get(callbackKey(url))?.heldSince != null)
  const urls = await lockUrls(tx, held)
  const released = held.filter(url => urls.release(url, end))
  await urls.save(tx)
  return { isReleased: released.length > 0, changedUrls: urls.changedUrls }
}

/** So many held messages a claim makes due when their hold has ended; the next claim goes on with the URL that has waited longest. */
export const RELEASED_TOGETHER = 300

const RELEASING: Sql = d => `
  SELECT ${columnsOf('callbacks', ['partnerId', 'callbackUrl'])} FROM callbacks
  WHERE state = 'releasing' AND state <> 'watched' ORDER BY last_at LIMIT 1 ${d.forUpdate({ skipLocked: true })}`
/** Of `deliveries`, what is held for a URL. Without the order, which is an index's, the planner may read all that there are. */
export const HELD = `
  partner_id = @partnerId AND callback_url = @callbackUrl AND state = 'pending' AND due_at IS NULL ORDER BY seq`
/** The first messages that nobody else has locked. */
const RELEASE: Sql = d => `
  UPDATE deliveries SET due_at = @at WHERE seq IN (
    SELECT seq FROM deliveries WHERE ${HELD} LIMIT ${RELEASED_TOGETHER} ${d.forUpdate({ skipLocked: true })})`
const IS_HOLDING = `SELECT 1 FROM deliveries WHERE ${HELD} LIMIT 1`

/**
 * Makes messages due of one URL that is held no more, of those that nobody else goes on with.
 *
 * A claim holds messages with their lane locked, and reads the URL's state after that; here the row is removed with the lane locked: so
 * none is held for a hold that has ended.
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
