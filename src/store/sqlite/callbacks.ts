import {
  type Callback,
  type CallbackChanges,
  type CallbackHealth,
  type CallbackNotice,
  type CallbackRow,
  type CallbackTrouble,
  callbackPageOf,
  createCallbackChanges,
  disabledByOperator,
  enable,
  firstNoticeAt,
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
import { afterCallbackChanges, tellHints } from '../hints.ts'
import type { Store } from '../store.ts'
import { type Context, onceForContext } from './context.ts'
import { heldAt } from './facts.ts'

export interface UrlChanges extends Omit<CallbackChanges, 'take'> {
  /** Writes what has changed. */
  save(): void
}

const HEALTH = `state, failing_since AS failingSince, attempts, last_error AS lastError, last_at AS lastAt, held_since AS heldSince`
const URL_AND_HEALTH = `partner_id AS partnerId, callback_url AS callbackUrl, ${HEALTH}`

/** What other parts of the store read and change of URLs. */
export const createUrls = onceForContext(({ client }: Pick<Context, 'client'>) => {
  const findRow = client.prepare<[partnerId: string, callbackUrl: string], CallbackHealth>(
    `SELECT ${HEALTH} FROM callbacks WHERE partner_id = ? AND callback_url = ?`,
  )
  const put = client.prepare<CallbackRow & { noticeDueAt: number | null }>(`
    INSERT OR REPLACE INTO callbacks
      (partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since, notice_due_at)
    VALUES (@partnerId, @callbackUrl, @state, @failingSince, @attempts, @lastError, @lastAt, @heldSince, @noticeDueAt)`)
  const remove = client.prepare<Callback>(
    'DELETE FROM callbacks WHERE partner_id = @partnerId AND callback_url = @callbackUrl',
  )
  const anyHeld = client.prepare<[partnerId: string]>(
    'SELECT 1 FROM callbacks WHERE partner_id = +? AND held_since IS NOT NULL LIMIT 1',
  )
  const releasing = client.prepare<[], Callback>(`
    SELECT partner_id AS partnerId, callback_url AS callbackUrl FROM callbacks
    WHERE state = 'releasing' AND state <> 'watched' ORDER BY last_at LIMIT 1`)
  const putLast = client.prepare<Callback & { at: number }>(
    'UPDATE callbacks SET last_at = @at WHERE partner_id = @partnerId AND callback_url = @callbackUrl',
  )
  const release = client
    .prepare<Callback & { at: number; limit: number }, number>(`
    UPDATE messages SET due_at = @at WHERE seq IN (
      SELECT seq FROM messages
      WHERE partner_id = +@partnerId AND callback_url = +@callbackUrl AND state = 'pending' AND due_at IS NULL
      ORDER BY seq LIMIT +@limit)
    RETURNING lane_id`)
    .pluck()
  const advance = client.prepare<{ at: number; laneId: number }>(
    'UPDATE lanes SET due_at = @at WHERE id = @laneId AND (due_at IS NULL OR due_at > @at)',
  )

  const find = ({ partnerId, callbackUrl }: Callback): CallbackHealth | null =>
    findRow.get(partnerId, callbackUrl) ?? null

  return {
    find,

    hasHeld: (partnerId: string): boolean => anyHeld.get(partnerId) !== undefined,

    begin: (at: number): UrlChanges => {
      const { take, ...changes } = createCallbackChanges(find)
      return {
        ...changes,
        save: () => {
          for (const { health, ...url } of take()) {
            if (health === null) remove.run(url)
            else put.run({ ...health, ...url, noticeDueAt: firstNoticeAt(health, at) })
          }
        },
      }
    },

    /** Whether a URL still has messages to be made due. */
    isReleasing: (): boolean => releasing.get() !== undefined,

    /** Goes on with one URL. */
    releaseSome: (at: number): void => {
      const url = releasing.get()
      if (!url) return
      const laneIds = release.all({ ...url, at, limit: RELEASED_TOGETHER })
      for (const laneId of new Set(laneIds)) advance.run({ at, laneId })
      if (laneIds.length < RELEASED_TOGETHER) remove.run(url)
      else putLast.run({ ...url, at })
    },
  }
})

/** Reads which URLs are in trouble. */
export const createTroubles = onceForContext(({ client }: Pick<Context, 'client'>) => {
  const page = client.prepare<Callback & { of: string | null; limit: number }, CallbackRow>(`
    SELECT ${URL_AND_HEALTH} FROM callbacks
    WHERE (partner_id, callback_url) > (+@partnerId, +@callbackUrl) AND state <> 'releasing'
      AND CASE WHEN +@of IS NULL THEN state <> 'watched' ELSE partner_id = +@of END
    ORDER BY partner_id, callback_url LIMIT +@limit`)
  const worst = client.prepare<{ partnerId: string; limit: number }, CallbackRow>(`
    SELECT ${URL_AND_HEALTH} FROM callbacks WHERE partner_id = +@partnerId AND state <> 'releasing'
    ORDER BY failing_since, callback_url LIMIT +@limit`)
  const countHeld = client
    .prepare<[partnerId: string, callbackUrl: string, limit: number], number>(`
    SELECT count(*) FROM (SELECT 1 FROM messages
      WHERE partner_id = +? AND callback_url = +? AND state = 'pending' AND due_at IS NULL LIMIT +?)`)
    .pluck()

  const withHeld = (row: CallbackRow): CallbackTrouble =>
    troubleOf(row, row.heldSince === null ? 0 : (countHeld.get(row.partnerId, row.callbackUrl, MOST_HELD) ?? 0))

  return {
    page: (of: string | null, after: Callback | null, limit: number): CallbackTrouble[] =>
      page.all({ ...(after ?? { partnerId: of ?? '', callbackUrl: '' }), of, limit }).map(withHeld),

    /** Of a partner, those that have failed the longest. */
    worst: (partnerId: string): CallbackTrouble[] => worst.all({ partnerId, limit: MOST_TROUBLES }).map(withHeld),
  }
})

export const createCallbacks = (context: Context) => {
  const { client, read, write, now, hints } = context
  const statements = prepareNotices(client)
  const urls = createUrls(context)
  const troubles = createTroubles(context)

  const claimNotices = (limit: number, at: number): CallbackNotice[] =>
    statements.notices.all({ at, limit }).flatMap(({ tries, ...row }) => {
      const { partnerId, callbackUrl, failingSince, lastError, heldSince } = row
      const url = statements.working.get({ partnerId, callbackUrl, limit: NEWEST_MESSAGES })
      statements.putOff.run({ partnerId, at, dueAt: at + NOTICE_GAP_MS })
      const dueAt = url === undefined ? null : nextNoticeAt(tries, at)
      statements.saveNotice.run({ partnerId, callbackUrl, dueAt, tries: tries + 1 })
      if (url === undefined) return []
      const id = noticeIdOf(row, heldSince)
      return [{ id, partnerId, url, callbackUrl, disabledAt: heldSince, failingSince, lastError, attempt: tries + 1 }]
    })

  return {
    enableCallback: async (url, end) => {
      if ((await read(() => urls.find(url))) === null) return false
      const { isReleased, changedUrls } = await write(() => {
        const changes = urls.begin(now())
        const isReleased = enable(changes, url, end)
        changes.save()
        return { isReleased, changedUrls: changes.changedUrls }
      })
      tellHints(hints, [
        ...afterCallbackChanges(changedUrls),
        ...(isReleased ? [['messagesDue'] as ['messagesDue']] : []),
      ])
      return isReleased
    },

    disableCallback: url =>
      write(() => {
        const [at, changes] = [now(), urls.begin(now())]
        if (heldBecause(changes.get(url)) === 'operator') return false
        changes.apply(url, disabledByOperator(at))
        changes.save()
        return true
      }),

    listCallbacks: (partnerId, { after, limit }) =>
      read(() => callbackPageOf(troubles.page(partnerId, after, limit + 1), limit)),

    claimCallbackNotices: async limit => {
      const at = now()
      const isAny = await read(() => heldAt(client) === null && statements.notices.get({ at, limit: 1 }) !== undefined)
      return isAny ? write(() => (heldAt(client) === null ? claimNotices(limit, at) : [])) : []
    },

    endCallbackNotice: async url => {
      await write(() => statements.endNotice.run(url))
    },
  } satisfies Partial<Store>
}

type NoticeRow = CallbackRow & { heldSince: number; tries: number }

/** The pluses: see message-statements.ts. */
const prepareNotices = (client: Context['client']) => ({
  /** Of each partner the one that is due first. */
  notices: client.prepare<{ at: number; limit: number }, NoticeRow>(`
    SELECT ${URL_AND_HEALTH}, tries FROM (
      SELECT callbacks.*, notice_tries AS tries,
        row_number() OVER (PARTITION BY partner_id ORDER BY notice_due_at, callback_url) AS nth
      FROM callbacks JOIN partners ON partners.id = partner_id AND partners.disabled = 0
      WHERE notice_due_at IS NOT NULL AND notice_due_at <= +@at)
    WHERE nth = 1 ORDER BY notice_due_at, partner_id LIMIT +@limit`),
  putOff: client.prepare<{ partnerId: string; at: number; dueAt: number }>(`
    UPDATE callbacks SET notice_due_at = @dueAt WHERE partner_id = @partnerId AND notice_due_at <= @at`),
  saveNotice: client.prepare<Callback & { dueAt: number | null; tries: number }>(`
    UPDATE callbacks SET notice_due_at = @dueAt, notice_tries = @tries
    WHERE partner_id = @partnerId AND callback_url = @callbackUrl`),
  endNotice: client.prepare<Callback>(`
    UPDATE callbacks SET notice_due_at = NULL WHERE partner_id = @partnerId AND callback_url = @callbackUrl`),
  /** The URL with the newest success, of the partner's newest messages elsewhere, that nothing is known against. */
  working: client
    .prepare<Callback & { limit: number }, string>(`
    SELECT recent.callback_url
    FROM (SELECT seq, callback_url, state FROM messages
      WHERE partner_id = +@partnerId ORDER BY event DESC LIMIT +@limit) AS recent
    JOIN attempts ON attempts.message_seq = recent.seq AND attempts.outcome = 'delivered'
    WHERE recent.state = 'delivered' AND recent.callback_url <> +@callbackUrl
      AND NOT EXISTS (SELECT 1 FROM callbacks WHERE partner_id = +@partnerId AND callback_url = recent.callback_url)
    ORDER BY attempts.at DESC, recent.callback_url LIMIT 1`)
    .pluck(),
})
