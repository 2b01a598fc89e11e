import { type Callback, type CallbackNotice, keyOf } from '../callbacks.ts'
import {
  afterNotice,
  byLastSuccess,
  claimNotice,
  type Delivered,
  LONGEST_NOTICE_WAIT_MS,
  NEWEST_MESSAGES,
  NOTICE_WINDOW,
  type Notice,
  shareNotices,
} from '../rules/callback-notice.ts'
import type { Store } from '../store.ts'
import { createCallbackHealth } from './callback-health.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import { distinctUrls, urlColumns } from './callback-urls.ts'
import { beginClaim } from './claim-stop.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { heldAt } from './deliveries-hold.ts'
import { newestOf } from './events.ts'

type Verbs = Pick<Store, 'claimCallbackNotices' | 'settleCallbackNotices'>
type NoticeRow = Callback & Notice
type DueNotice = NoticeRow & { failingSince: number; lastError: string; isPartnerDisabled: boolean }

/** Its lock: of two nodes that claim at once one waits, so that a partner is told of one URL at a time. */
const CLAIMING = 'callback_notices'

/** The webhooks that tell a partner, at another URL, of one that is disabled. */
export const createCallbackNotices = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => {
  const health = createCallbackHealth()
  const pauses = createCallbackPauses()

  /** Where the partner of each can be told; null: nowhere. */
  const workingUrls = async (tx: Tx, notices: readonly Callback[]): Promise<(url: Callback) => string | null> => {
    const delivered = await deliveredElsewhere(tx, notices)
    const others = notices.flatMap(url =>
      delivered(url).map(({ callbackUrl }) => ({ partnerId: url.partnerId, callbackUrl })),
    )
    const [healthOf, sinceOf] = [await health.findAll(tx, others), await pauses.sinceOf(tx, others)]
    const works = (url: Callback) => healthOf(url) === null && sinceOf(url) === null
    return url =>
      byLastSuccess(delivered(url)).find(callbackUrl => works({ partnerId: url.partnerId, callbackUrl })) ?? null
  }

  const claimDue = async (tx: Tx, ids: readonly string[]): Promise<CallbackNotice[]> => {
    await beginClaim(tx)
    await tx.lock([CLAIMING])
    if ((await heldAt(tx)) !== null) return []
    const due = await findDue(tx, NOTICE_WINDOW, 'FOR NO KEY UPDATE OF h SKIP LOCKED')
    const { taken, putOff } = shareNotices(due, ids.length, tx.at)
    const [urlOf, sinceOf] = [await workingUrls(tx, taken), await pauses.sinceOf(tx, taken)]
    const judged = taken.map((row, n) => {
      const how = { disabledAt: sinceOf(row), url: urlOf(row), newId: ids[n] as string, at: tx.at }
      const { notice, claimed } = claimNotice(row, how)
      return { row: { ...row, ...notice }, claimed }
    })
    const late = putOff.map(({ notice, dueAt }) => ({ ...notice, noticeDueAt: dueAt }))
    await save(tx, [...late, ...judged.map(({ row }) => row)])
    return judged.flatMap(({ claimed }) => claimed ?? [])
  }

  return {
    claimCallbackNotices: async ids => {
      const isAny = await read(async tx => (await heldAt(tx)) === null && (await findDue(tx, 1)).length > 0)
      return isAny ? write(tx => claimDue(tx, ids)) : []
    },

    settleCallbackNotices: settlements =>
      write(async tx => {
        const rows = new Map((await find(tx, settlements)).map(row => [keyOf(row), row]))
        for (const settlement of settlements) {
          const row = rows.get(keyOf(settlement))
          if (row?.noticeId !== settlement.id) continue
          rows.set(keyOf(row), { ...row, ...afterNotice(row, settlement.end, tx.at) })
        }
        await save(tx, [...rows.values()])
      }),
  }
}

const NOTICE = `h.partner_id AS "partnerId", h.callback_url AS "callbackUrl", h.notice_id AS "noticeId",
  h.notice_due_at AS "noticeDueAt", h.notice_tries AS "noticeTries"`

const findDue = (tx: Tx, limit: number, lock = ''): Promise<DueNotice[]> =>
  tx.rows(
    `SELECT ${NOTICE}, h.failing_since AS "failingSince", h.last_error AS "lastError", p.disabled AS "isPartnerDisabled"
     FROM callback_health h JOIN partners p ON p.id = h.partner_id
     WHERE h.notice_due_at IS NOT NULL AND (h.notice_due_at <= $1 OR h.notice_due_at > $2)
     ORDER BY h.notice_due_at, h.partner_id, h.callback_url LIMIT $3 ${lock}`,
    [tx.at, tx.at + LONGEST_NOTICE_WAIT_MS, limit],
  )

/** Of each URL's partner, whatever the URL of its newest messages, those that were delivered elsewhere. */
const DELIVERED_ELSEWHERE = `
  SELECT u.nth, other.callback_url AS "callbackUrl", other.delivered_at AS "deliveredAt"
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(partner_id, callback_url, nth)
    CROSS JOIN LATERAL (
      SELECT m.callback_url, max(a.at) AS delivered_at
      FROM (SELECT seq FROM message_bodies
          WHERE ${newestOf('u.partner_id')} LIMIT ${NEWEST_MESSAGES}) AS recent
        CROSS JOIN LATERAL (SELECT callback_url, state FROM messages WHERE seq = recent.seq LIMIT 1) AS m
        CROSS JOIN LATERAL (SELECT max(at) AS at FROM attempts WHERE message_seq = recent.seq AND outcome = 'delivered') AS a
      WHERE m.state = 'delivered' AND m.callback_url <> u.callback_url AND a.at IS NOT NULL
      GROUP BY m.callback_url) AS other`

const deliveredElsewhere = async (tx: Tx, urls: readonly Callback[]): Promise<(url: Callback) => Delivered[]> => {
  const rows =
    urls.length === 0 ? [] : await tx.rows<Delivered & { nth: number }>(DELIVERED_ELSEWHERE, urlColumns(urls))
  const byUrl = Map.groupBy(rows, ({ nth }) => keyOf(urls[nth - 1] as Callback))
  return url => byUrl.get(keyOf(url)) ?? []
}

/** Locks them. */
const find = async (tx: Tx, urls: readonly Callback[]): Promise<NoticeRow[]> =>
  tx.rows(
    `SELECT ${NOTICE} FROM callback_health h
     WHERE (h.partner_id, h.callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))
     ORDER BY h.partner_id, h.callback_url FOR NO KEY UPDATE`,
    urlColumns(distinctUrls(urls)),
  )

const save = async (tx: Tx, rows: readonly NoticeRow[]): Promise<void> => {
  if (rows.length === 0) return
  await tx.rows(
    `UPDATE callback_health h SET notice_id = v.notice_id, notice_due_at = v.notice_due_at, notice_tries = v.notice_tries
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[])
       AS v(partner_id, callback_url, notice_id, notice_due_at, notice_tries)
     WHERE h.partner_id = v.partner_id AND h.callback_url = v.callback_url`,
    [
      ...urlColumns(rows),
      rows.map(({ noticeId }) => noticeId),
      rows.map(({ noticeDueAt }) => noticeDueAt),
      rows.map(({ noticeTries }) => noticeTries),
    ],
  )
}
