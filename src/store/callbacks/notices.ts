import { hash } from 'node:crypto'
import { MINUTE } from '../../core/duration.ts'
import { beginClaim } from '../claims-lock.ts'
import type { VerbModule } from '../context.ts'
import { newestOf } from '../messages/events.ts'
import { heldAt } from '../operators/facts.ts'
import type { Tx } from '../tx.ts'
import type { Callback, CallbackNotice, CallbackRow } from './health.ts'
import { HEALTH } from './rows.ts'

/** Delay after each try of a notice, and its lease, since no attempt takes longer: five tries within an hour. */
const NOTICE_PAUSES_MS = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE]
/** A time further ahead than any delay was set before the clock was set back. */
const DUE = `(notice_due_at <= @at OR notice_due_at > @at + ${Math.max(...NOTICE_PAUSES_MS)})`
/** Delay between the notices to one partner, which may have thousands of disabled URLs. */
const NOTICE_GAP_MS = MINUTE
/** Maximum number of a partner's newest messages searched for a URL that works. */
const NEWEST_MESSAGES = 2_000

/**
 * Returns when the next try is due, or null after the last one.
 *
 * @param tries number of earlier tries
 */
const nextNoticeAt = (tries: number, at: number): number | null => {
  const pauseMs = NOTICE_PAUSES_MS[tries]
  return pauseMs === undefined ? null : at + pauseMs
}

/** The `webhook-id` of a notice: the same for every try, another when the URL is disabled again. */
const noticeIdOf = ({ partnerId, callbackUrl }: Callback, heldSince: number): string =>
  `msg_${hash('sha256', `${partnerId} ${callbackUrl} ${heldSince}`).slice(0, 26).toUpperCase()}`

type NoticeRow = CallbackRow & { heldSince: number; tries: number }

/** Name of the claim's lock: of two nodes that claim at once one waits, so that a partner gets one notice at a time. */
const CLAIMING = 'callback_notices'

/** The first due notice of each partner. `IS NOT NULL` names the index `callbacks_notice`. */
const NOTICES = `
  SELECT ${HEALTH}, c.notice_tries AS tries FROM (
    SELECT callbacks.*, row_number() OVER (PARTITION BY partner_id ORDER BY notice_due_at, callback_url) AS nth
    FROM callbacks JOIN partners ON partners.id = partner_id AND NOT partners.disabled
    WHERE notice_due_at IS NOT NULL AND ${DUE}) AS c
  WHERE nth = 1 ORDER BY notice_due_at, partner_id LIMIT @limit`

/** Of the partner's newest messages: the other URL with the latest success and no row in `callbacks`. */
const WORKING_URL = `
  SELECT url FROM (
    SELECT callback_url AS url, max(delivered_at) AS at
    FROM (
      SELECT callback_url, (SELECT d.seq FROM deliveries d WHERE d.seq = b.seq) AS undelivered,
        (SELECT max(at) FROM attempts WHERE message_seq = b.seq AND outcome = 'delivered') AS delivered_at
      FROM message_bodies b WHERE ${newestOf('@partnerId')} LIMIT ${NEWEST_MESSAGES}) AS recent
    WHERE undelivered IS NULL AND callback_url <> @callbackUrl AND delivered_at IS NOT NULL
    GROUP BY callback_url) AS working
  WHERE (SELECT c.state FROM callbacks c WHERE c.partner_id = @partnerId AND c.callback_url = working.url) IS NULL
  ORDER BY at DESC, url LIMIT 1`
/** Returns no row if the URL has been enabled since it was found. */
const CLAIM = `
  UPDATE callbacks SET notice_due_at = @dueAt, notice_tries = @tries
  WHERE partner_id = @partnerId AND callback_url = @callbackUrl AND ${DUE} RETURNING 1 AS claimed`
const PUT_OFF = `UPDATE callbacks SET notice_due_at = @dueAt WHERE partner_id = @partnerId AND ${DUE}`

/** Webhooks that notify a partner, at another URL, of a disabled one. */
export const callbackNoticeVerbs = {
  loops: ({ read, write }) => ({
    /**
     * Claims due notices of disabled URLs, at most `limit` and one per partner, and postpones each until its next try.
     * Partners without a working URL get none.
     */
    claimCallbackNotices: async (limit: number): Promise<readonly CallbackNotice[]> => {
      if ((await read(tx => due(tx, 1))).length === 0) return []
      return write(async tx => {
        await beginClaim(tx)
        await tx.lock([CLAIMING])
        const claimed: CallbackNotice[] = []
        for (const row of await due(tx, limit)) claimed.push(...(await claim(tx, row)))
        return claimed
      })
    },

    /** Ends a notice: it has reached the partner. */
    endCallbackNotice: ({ partnerId, callbackUrl }: Callback): Promise<void> =>
      write(tx =>
        tx.update('callbacks', ['partnerId', 'callbackUrl'], [{ partnerId, callbackUrl, noticeDueAt: null }]),
      ),
  }),
} satisfies VerbModule

const due = async (tx: Tx, limit: number): Promise<NoticeRow[]> =>
  (await heldAt(tx)) === null ? tx.all(NOTICES, { at: tx.at, limit }) : []

const claim = async (tx: Tx, { tries, ...row }: NoticeRow): Promise<CallbackNotice[]> => {
  const { partnerId, callbackUrl, failingSince, lastError, heldSince } = row
  const [working] = await tx.all<{ url: string }>(WORKING_URL, { partnerId, callbackUrl })
  const dueAt = working ? nextNoticeAt(tries, tx.at) : null
  const [claimed] = await tx.all(CLAIM, { partnerId, callbackUrl, at: tx.at, dueAt, tries: tries + 1 })
  await tx.all(PUT_OFF, { partnerId, at: tx.at, dueAt: tx.at + NOTICE_GAP_MS })
  if (!working || !claimed) return []
  const id = noticeIdOf(row, heldSince)
  const notice = { id, partnerId, url: working.url, callbackUrl, disabledAt: heldSince }
  return [{ ...notice, failingSince, lastError, attempt: tries + 1 }]
}
