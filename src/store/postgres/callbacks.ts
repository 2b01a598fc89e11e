import {
  type Callback,
  type CallbackChanges,
  type CallbackHealth,
  type CallbackNotice,
  type CallbackRow,
  type CallbackTrouble,
  callbackKey,
  callbackPageOf,
  createCallbackChanges,
  disabledByOperator,
  enable,
  firstNoticeAt,
  type HoldEnd,
  heldBecause,
  MOST_HELD,
  MOST_TROUBLES,
  NEWEST_MESSAGES,
  NOTICE_GAP_MS,
  nextNoticeAt,
  noticeIdOf,
  RELEASED_TOGETHER,
  troubleOf,
} from '../callbacks.ts'
import { afterCallbackChanges } from '../hints.ts'
import { hostOf } from '../lanes.ts'
import { beginClaim } from '../messages/claims-lock.ts'
import { newestOf } from '../messages/events.ts'
import { heldAt } from '../operators/facts.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'enableCallback' | 'disableCallback' | 'listCallbacks'>
/** Each URL is locked and read before; `get` throws where it was not. */
export interface UrlChanges extends Omit<CallbackChanges, 'take'> {
  /** Writes what has changed. */
  save(tx: Tx): Promise<void>
}

const HEALTH = `c.partner_id AS "partnerId", c.callback_url AS "callbackUrl", c.state, c.failing_since AS "failingSince", c.attempts,
  c.last_error AS "lastError", c.last_at AS "lastAt", c.held_since AS "heldSince"`
const OF_URLS = 'WHERE (c.partner_id, c.callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))'
const FIND = `SELECT ${HEALTH} FROM callbacks c ${OF_URLS}`
const REMOVE = `DELETE FROM callbacks c ${OF_URLS}`
const VALUES = `SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::text[], $7::bigint[], $8::bigint[],
  $9::bigint[])`
const UPDATE = `UPDATE callbacks c SET state = v.state, failing_since = v.failing_since, attempts = v.attempts, last_error = v.last_error,
    last_at = v.last_at, held_since = v.held_since, notice_due_at = v.notice_due_at, notice_tries = 0
  FROM (${VALUES}) AS v(partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since, notice_due_at)
  WHERE c.partner_id = v.partner_id AND c.callback_url = v.callback_url`
/** Where somebody else has added a row meanwhile, which could not be locked, the transaction is run again. */
const INSERT = `INSERT INTO callbacks
    (partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since, notice_due_at) ${VALUES}`

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
/** Each once, in the order of their key, which is the order of their locks. */
const distinct = <Url extends Callback>(urls: readonly Url[]): Url[] =>
  [...new Map(urls.map(url => [callbackKey(url), url])).values()].sort(
    (a, b) => compareText(a.partnerId, b.partnerId) || compareText(a.callbackUrl, b.callbackUrl),
  )
/** As two arrays for `unnest`. */
const urlColumns = (urls: readonly Callback[]): [partnerIds: string[], callbackUrls: string[]] => [
  urls.map(({ partnerId }) => partnerId),
  urls.map(({ callbackUrl }) => callbackUrl),
]

const rowsOf = async (tx: Tx, text: string, urls: readonly Callback[]): Promise<Map<string, CallbackHealth>> => {
  const rows = urls.length === 0 ? [] : await tx.rows<CallbackRow>(text, urlColumns(urls))
  return new Map(rows.map(({ partnerId, callbackUrl, ...health }) => [callbackKey({ partnerId, callbackUrl }), health]))
}

/** Without a lock; null: it works. */
export const findUrl = async (tx: Tx, url: Callback): Promise<CallbackHealth | null> =>
  (await rowsOf(tx, FIND, [url])).get(callbackKey(url)) ?? null

export const lockUrls = async (tx: Tx, urls: readonly Callback[]): Promise<UrlChanges> => {
  const wanted = distinct(urls)
  const loaded = await rowsOf(tx, `${FIND} ORDER BY c.partner_id, c.callback_url FOR NO KEY UPDATE`, wanted)
  const known = new Set(wanted.map(callbackKey))
  const { take, ...changes } = createCallbackChanges(url => {
    if (!known.has(callbackKey(url))) throw new Error('a URL was not locked')
    return loaded.get(callbackKey(url)) ?? null
  })
  const isStored = (url: Callback): boolean => loaded.has(callbackKey(url))

  return {
    ...changes,
    save: async tx => {
      const changed = distinct(take())
      const rows = changed.flatMap(({ health, ...url }) => (health ? [{ ...url, ...health }] : []))
      const well = changed.filter(url => url.health === null && isStored(url))
      if (well.length > 0) await tx.rows(REMOVE, urlColumns(well))
      for (const [text, written] of [
        [UPDATE, rows.filter(isStored)],
        [INSERT, rows.filter(row => !isStored(row))],
      ] as const)
        if (written.length > 0) await tx.rows(text, valuesOf(written, tx.at))
    },
  }
}

const valuesOf = (rows: readonly CallbackRow[], at: number) => [
  ...(
    ['partnerId', 'callbackUrl', 'state', 'failingSince', 'attempts', 'lastError', 'lastAt', 'heldSince'] as const
  ).map(name => rows.map(row => row[name])),
  rows.map(row => firstNoticeAt(row, at)),
]

/** Lets go what is held for these URLs, where `end` may; whether it did, and what has become of them. */
export const releaseUrls = async (tx: Tx, urls: readonly Callback[], end: HoldEnd) => {
  const found = await rowsOf(tx, FIND, distinct(urls))
  const changes = await lockUrls(
    tx,
    urls.filter(url => (found.get(callbackKey(url))?.heldSince ?? null) !== null),
  )
  const released = distinct(urls).filter(
    url => found.get(callbackKey(url))?.heldSince != null && changes.release(url, end),
  )
  await changes.save(tx)
  return { isReleased: released.length > 0, changedUrls: changes.changedUrls }
}

/** Of a URL the first messages that are held, and that nobody else has locked. */
export const RELEASE = `
  UPDATE deliveries SET due_at = $3 WHERE seq IN (
    SELECT seq FROM deliveries
    WHERE partner_id = $1 AND callback_url = $2 AND state = 'pending' AND due_at IS NULL
    ORDER BY seq LIMIT ${RELEASED_TOGETHER} FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING seq`
const PUT_LAST = 'UPDATE callbacks SET last_at = $3 WHERE partner_id = $1 AND callback_url = $2'
const IS_HOLDING = `
  SELECT 1 FROM deliveries WHERE partner_id = $1 AND callback_url = $2 AND state = 'pending' AND due_at IS NULL LIMIT 1`

/**
 * Makes messages due of one URL that is held no more, of those that nobody else goes on with.
 *
 * A claim holds messages with their lane locked, and reads the URL's state after that; here the row is removed with the lane locked: so
 * none is held for a hold that has ended.
 */
export const releaseSome = async (tx: Tx): Promise<void> => {
  const [url] = await tx.rows<Callback>(
    `SELECT partner_id AS "partnerId", callback_url AS "callbackUrl" FROM callbacks
     WHERE state = 'releasing' AND state <> 'watched' ORDER BY last_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
  )
  if (!url) return
  const { partnerId, callbackUrl } = url
  const lane = [partnerId, hostOf(callbackUrl)]
  await tx.rows('SELECT 1 FROM lanes WHERE partner_id = $1 AND host = $2 FOR NO KEY UPDATE', lane)
  const released = await tx.rows(RELEASE, [partnerId, callbackUrl, tx.at])
  if (released.length > 0)
    await tx.rows('UPDATE lanes SET due_at = least(due_at, $3) WHERE partner_id = $1 AND host = $2', [...lane, tx.at])
  const [held] = await tx.rows(IS_HOLDING, [partnerId, callbackUrl])
  if (!held) await tx.rows(REMOVE, urlColumns([url]))
  else await tx.rows(PUT_LAST, [partnerId, callbackUrl, tx.at])
}

/** Of all partners without those that have only begun to fail. */
const PAGE = `
  SELECT ${HEALTH} FROM callbacks c
  WHERE (c.partner_id, c.callback_url) > ($1, $2) AND c.state <> 'releasing'
    AND CASE WHEN $3::text IS NULL THEN c.state <> 'watched' ELSE c.partner_id = $3 END
  ORDER BY c.partner_id, c.callback_url LIMIT $4`
const WORST = `
  SELECT ${HEALTH} FROM callbacks c WHERE c.partner_id = $1 AND c.state <> 'releasing'
  ORDER BY c.failing_since, c.callback_url LIMIT ${MOST_TROUBLES}`
const COUNT_HELD = `
  SELECT u.partner_id AS "partnerId", u.callback_url AS "callbackUrl", count(*) AS held
  FROM unnest($1::text[], $2::text[]) AS u(partner_id, callback_url)
    CROSS JOIN LATERAL (SELECT 1 FROM deliveries d
      WHERE d.partner_id = u.partner_id AND d.callback_url = u.callback_url AND d.state = 'pending' AND d.due_at IS NULL
      LIMIT ${MOST_HELD}) AS one
  GROUP BY u.partner_id, u.callback_url`

const withHeld = async (tx: Tx, rows: readonly CallbackRow[]): Promise<CallbackTrouble[]> => {
  const holding = rows.filter(({ heldSince }) => heldSince !== null)
  const counted =
    holding.length === 0 ? [] : await tx.rows<Callback & { held: number }>(COUNT_HELD, urlColumns(holding))
  const counts = new Map(counted.map(row => [callbackKey(row), row.held]))
  return rows.map(row => troubleOf(row, counts.get(callbackKey(row)) ?? 0))
}

/** Of a partner's URLs in trouble, those that have failed the longest. */
export const worstCallbacks = async (tx: Tx, partnerId: string): Promise<CallbackTrouble[]> =>
  withHeld(tx, await tx.rows<CallbackRow>(WORST, [partnerId]))

export const createCallbacks = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Verbs => ({
  enableCallback: async (url, end) => {
    if ((await read(tx => findUrl(tx, url))) === null) return false
    const { isReleased, changedUrls } = await write(async tx => {
      const changes = await lockUrls(tx, [url])
      const isReleased = enable(changes, url, end)
      await changes.save(tx)
      return { isReleased, changedUrls: changes.changedUrls }
    })
    tell(afterCallbackChanges(changedUrls))
    if (isReleased) tell([['messagesDue']])
    return isReleased
  },

  disableCallback: url =>
    write(async tx => {
      const changes = await lockUrls(tx, [url])
      if (heldBecause(changes.get(url)) === 'operator') return false
      changes.apply(url, disabledByOperator(tx.at))
      await changes.save(tx)
      return true
    }),

  listCallbacks: (partnerId, { after, limit }) =>
    read(async tx => {
      const from = after ?? { partnerId: partnerId ?? '', callbackUrl: '' }
      const values = [from.partnerId, from.callbackUrl, partnerId, limit + 1]
      return callbackPageOf(await withHeld(tx, await tx.rows<CallbackRow>(PAGE, values)), limit)
    }),
})

type NoticeRow = CallbackRow & { heldSince: number; tries: number }

/** Its lock: of two nodes that claim at once one waits, so that a partner is told of one URL at a time. */
const CLAIMING = 'callback_notices'

/** Of each partner the one that is due first. */
const NOTICES = `
  SELECT * FROM (
    SELECT DISTINCT ON (c.partner_id) ${HEALTH}, c.notice_tries AS tries, c.notice_due_at
    FROM callbacks c JOIN partners p ON p.id = c.partner_id AND NOT p.disabled
    WHERE c.notice_due_at IS NOT NULL AND c.notice_due_at <= $1
    ORDER BY c.partner_id, c.notice_due_at, c.callback_url) AS first
  ORDER BY notice_due_at, "partnerId" LIMIT $2`

/** The URL with the newest success, of the partner's newest messages elsewhere, that nothing is known against. */
const WORKING_URL = `
  SELECT url FROM (
    SELECT m.callback_url AS url, max(a.at) AS at
    FROM (SELECT seq FROM message_bodies WHERE ${newestOf('$1')} LIMIT ${NEWEST_MESSAGES}) AS recent
      CROSS JOIN LATERAL (SELECT callback_url, state FROM messages WHERE seq = recent.seq LIMIT 1) AS m
      CROSS JOIN LATERAL (SELECT max(at) AS at FROM attempts WHERE message_seq = recent.seq AND outcome = 'delivered') AS a
    WHERE m.state = 'delivered' AND m.callback_url <> $2 AND a.at IS NOT NULL
    GROUP BY m.callback_url) AS delivered
  WHERE (SELECT c.state FROM callbacks c WHERE c.partner_id = $1 AND c.callback_url = delivered.url) IS NULL
  ORDER BY at DESC, url LIMIT 1`

/** The webhooks that tell a partner, at another URL, of one that is disabled. */
export const createCallbackNotices = ({ read, write }: Pick<Context, 'read' | 'write'>) => {
  const claimOne = async (tx: Tx, { tries, ...row }: NoticeRow): Promise<CallbackNotice[]> => {
    const { partnerId, callbackUrl, failingSince, lastError, heldSince } = row
    const [working] = await tx.rows<{ url: string }>(WORKING_URL, [partnerId, callbackUrl])
    await tx.rows('UPDATE callbacks SET notice_due_at = $2 WHERE partner_id = $1 AND notice_due_at <= $3', [
      ...[partnerId, tx.at + NOTICE_GAP_MS, tx.at],
    ])
    const dueAt = working ? nextNoticeAt(tries, tx.at) : null
    await tx.rows(
      'UPDATE callbacks SET notice_due_at = $3, notice_tries = $4 WHERE partner_id = $1 AND callback_url = $2',
      [partnerId, callbackUrl, dueAt, tries + 1],
    )
    if (!working) return []
    const id = noticeIdOf(row, heldSince)
    const told = { id, partnerId, url: working.url, callbackUrl, disabledAt: heldSince }
    return [{ ...told, failingSince, lastError, attempt: tries + 1 }]
  }

  const claimAll = async (tx: Tx, limit: number): Promise<CallbackNotice[]> => {
    await beginClaim(tx)
    await tx.lock([CLAIMING])
    if ((await heldAt(tx)) !== null) return []
    const claimed: CallbackNotice[] = []
    for (const row of await tx.rows<NoticeRow>(NOTICES, [tx.at, limit])) claimed.push(...(await claimOne(tx, row)))
    return claimed
  }

  return {
    claimCallbackNotices: async limit => {
      const isAny = await read(
        async tx => (await heldAt(tx)) === null && (await tx.rows(NOTICES, [tx.at, 1])).length > 0,
      )
      return isAny ? write(tx => claimAll(tx, limit)) : []
    },

    endCallbackNotice: async ({ partnerId, callbackUrl }) => {
      await write(tx =>
        tx.rows('UPDATE callbacks SET notice_due_at = NULL WHERE partner_id = $1 AND callback_url = $2', [
          ...[partnerId, callbackUrl],
        ]),
      )
    },
  } satisfies Partial<Store>
}
