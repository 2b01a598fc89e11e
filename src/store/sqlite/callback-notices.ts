import type { Callback, CallbackNotice } from '../callbacks.ts'
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
import type { Context } from './context.ts'
import { prepareHold } from './deliveries-hold.ts'

type Verbs = Pick<Store, 'claimCallbackNotices' | 'settleCallbackNotices'>
type NoticeRow = Callback & Notice & { failingSince: number; lastError: string; isPartnerDisabled: 0 | 1 }

/** The webhooks that tell a partner, at another URL, of one that is disabled. */
export const createCallbackNotices = (context: Context): Verbs => {
  const { client, read, write, now } = context
  const statements = prepare(client)
  const health = createCallbackHealth(context)
  const pauses = createCallbackPauses(context)
  const { heldAt } = prepareHold(client)

  const dueOf = (at: number, limit: number) =>
    statements.due
      .all({ at, beyond: at + LONGEST_NOTICE_WAIT_MS, limit })
      .map(row => ({ ...row, isPartnerDisabled: row.isPartnerDisabled === 1 }))

  /** Where the partner can be told; null: nowhere. */
  const workingUrl = ({ partnerId, callbackUrl }: Callback): string | null => {
    const delivered = statements.delivered.all({ partnerId, callbackUrl, limit: NEWEST_MESSAGES })
    const works = (url: Callback) => health.find(url) === null && pauses.since(url) === null
    return byLastSuccess(delivered).find(other => works({ partnerId, callbackUrl: other })) ?? null
  }

  const save = ({ partnerId, callbackUrl }: Callback, { noticeId, noticeDueAt, noticeTries }: Notice) =>
    statements.save.run({ partnerId, callbackUrl, noticeId, noticeDueAt, noticeTries })

  const claim = (row: ReturnType<typeof dueOf>[number], newId: string, at: number): CallbackNotice | null => {
    const { notice, claimed } = claimNotice(row, { disabledAt: pauses.since(row), url: workingUrl(row), newId, at })
    save(row, notice)
    return claimed
  }

  return {
    claimCallbackNotices: async ids => {
      const at = now()
      const isAny = await read(() => heldAt() === null && dueOf(at, 1).length > 0)
      if (!isAny) return []
      return write(() => {
        if (heldAt() !== null) return []
        const { taken, putOff } = shareNotices(dueOf(at, NOTICE_WINDOW), ids.length, at)
        for (const { notice, dueAt } of putOff) save(notice, { ...notice, noticeDueAt: dueAt })
        return taken.flatMap((row, n) => claim(row, ids[n] as string, at) ?? [])
      })
    },

    settleCallbackNotices: async settlements => {
      const at = now()
      await write(() => {
        for (const { partnerId, callbackUrl, id, end } of settlements) {
          const notice = statements.find.get({ partnerId, callbackUrl, id })
          if (notice) save({ partnerId, callbackUrl }, afterNotice(notice, end, at))
        }
      })
    },
  }
}

const NOTICE = 'notice_id AS noticeId, notice_due_at AS noticeDueAt, notice_tries AS noticeTries'

/** The pluses: see message-statements.ts. */
const prepare = (client: Context['client']) => ({
  due: client.prepare<{ at: number; beyond: number; limit: number }, NoticeRow>(`
    SELECT partner_id AS partnerId, callback_url AS callbackUrl, failing_since AS failingSince, last_error AS lastError,
      ${NOTICE}, partners.disabled AS isPartnerDisabled
    FROM callback_health JOIN partners ON partners.id = partner_id
    WHERE notice_due_at IS NOT NULL AND (notice_due_at <= +@at OR notice_due_at > +@beyond)
    ORDER BY notice_due_at, partner_id, callback_url LIMIT +@limit`),
  /** Of the partner's newest messages, whatever their URL, those that were delivered elsewhere. */
  delivered: client.prepare<Callback & { limit: number }, Delivered>(`
    SELECT recent.callback_url AS callbackUrl, max(attempts.at) AS deliveredAt
    FROM (SELECT seq, callback_url, state FROM messages
      WHERE partner_id = +@partnerId ORDER BY event DESC LIMIT +@limit) AS recent
    JOIN attempts ON attempts.message_seq = recent.seq AND attempts.outcome = 'delivered'
    WHERE recent.state = 'delivered' AND recent.callback_url <> +@callbackUrl GROUP BY recent.callback_url`),
  find: client.prepare<Callback & { id: string }, Notice>(`
    SELECT ${NOTICE} FROM callback_health
    WHERE partner_id = @partnerId AND callback_url = @callbackUrl AND notice_id = @id`),
  save: client.prepare<Callback & Notice>(`
    UPDATE callback_health SET notice_id = @noticeId, notice_due_at = @noticeDueAt, notice_tries = @noticeTries
    WHERE partner_id = @partnerId AND callback_url = @callbackUrl`),
})
