import type { Callback as Url } from '../callbacks.ts'
import { type HoldEnd, RELEASED_TOGETHER } from '../rules/callback-health.ts'
import type { HealthBook } from './callback-health.ts'
import type { Context } from './context.ts'
import type { LaneBook } from './lanes.ts'
import { onceForContext } from './once.ts'

interface HeldMessage {
  seq: number
  laneId: number
}

/** Ends the pause of a URL, where that may be; whether it did. */
export type LiftPause = (url: Url) => boolean

/**
 * URLs that answered 410, or are disabled. Their messages stay pending with no due time until the pause is lifted, and then go on
 * their lane's ramp. Those of a URL for which very many are held are put there bit by bit: from then on it is not paused, but has
 * `lifted_until`, the last of those that are due.
 */
export const createCallbackPauses = onceForContext(({ client }: Pick<Context, 'client'>) => {
  const find = client
    .prepare<Url, number>(`
    SELECT since FROM callback_pauses
    WHERE partner_id = @partnerId AND callback_url = @callbackUrl AND lifted_until IS NULL`)
    .pluck()
  const any = client
    .prepare<[partnerId: string], 1>('SELECT 1 FROM callback_pauses WHERE partner_id = +? LIMIT 1')
    .pluck()
  const add = client.prepare<Url & { since: number }>(`
    INSERT INTO callback_pauses (partner_id, callback_url, since) VALUES (@partnerId, @callbackUrl, @since)
    ON CONFLICT DO UPDATE SET since = excluded.since, lifted_until = NULL WHERE lifted_until IS NOT NULL`)
  const remove = client.prepare<Url>(
    'DELETE FROM callback_pauses WHERE partner_id = @partnerId AND callback_url = @callbackUrl',
  )
  const markLifted = client.prepare<Url & { until: number }>(`
    UPDATE callback_pauses SET lifted_until = @until WHERE partner_id = @partnerId AND callback_url = @callbackUrl`)
  const lifted = client.prepare<[], Url & { until: number }>(`
    SELECT partner_id AS partnerId, callback_url AS callbackUrl, lifted_until AS until FROM callback_pauses
    WHERE lifted_until IS NOT NULL ORDER BY lifted_until LIMIT 1`)
  const held = client.prepare<Url & { after: number; limit: number }, HeldMessage>(`
    SELECT seq, lane_id AS laneId FROM messages
    WHERE partner_id = +@partnerId AND callback_url = +@callbackUrl AND state = 'pending' AND due_at IS NULL
      AND seq > +@after
    ORDER BY seq LIMIT +@limit`)
  const firstHeld = client.prepare<Url>(`
    SELECT seq FROM messages
    WHERE partner_id = +@partnerId AND state = 'pending' AND due_at IS NULL AND callback_url = +@callbackUrl LIMIT 1`)
  const release = client.prepare<[dueAt: number, seq: number]>('UPDATE messages SET due_at = ? WHERE seq = ?')

  /** Makes at most `limit` due, of those behind `after`; how many. Where there may be more it notes how far it came. */
  const releaseSome = (
    { after, ...url }: Url & { after: number },
    limit: number,
    { at, lanes }: { at: number; lanes: LaneBook },
  ): number => {
    const messages = held.all({ ...url, after, limit })
    for (const { seq, laneId } of messages) release.run(lanes.ramp(laneId, seq, at), seq)
    if (messages.length < limit) remove.run(url)
    else markLifted.run({ ...url, until: messages.at(-1)?.seq ?? after })
    return messages.length
  }

  const since = ({ partnerId, callbackUrl }: Url): number | null => find.get({ partnerId, callbackUrl }) ?? null

  /** Of all URLs together so many as a transaction may. */
  const beginReleasing = (at: number, lanes: LaneBook): LiftPause => {
    let left = RELEASED_TOGETHER
    return url => {
      if (since(url) === null) return false
      const { partnerId, callbackUrl } = url
      left -= releaseSome({ partnerId, callbackUrl, after: 0 }, left, { at, lanes })
      return true
    }
  }

  return {
    hasAny: (partnerId: string): boolean => any.get(partnerId) !== undefined,

    since,

    pause: ({ partnerId, callbackUrl }: Url, since: number): void => {
      add.run({ partnerId, callbackUrl, since })
    },

    /** Whether messages are held for it. */
    isHolding: ({ partnerId, callbackUrl }: Url): boolean => firstHeld.get({ partnerId, callbackUrl }) !== undefined,

    /** Without lifting: for a URL that nothing is held for. */
    forget: ({ partnerId, callbackUrl }: Url): void => {
      remove.run({ partnerId, callbackUrl })
    },

    /** Within one run of a transaction. For a URL that works: what was held goes on the ramp. */
    beginReleasing,

    /** The same where `end` may end the hold of a URL, whose failures are forgotten then. The caller saves the book. */
    beginLifting: (
      end: HoldEnd,
      { at, lanes, health }: { at: number; lanes: LaneBook; health: HealthBook },
    ): LiftPause => {
      const release = beginReleasing(at, lanes)
      return url => since(url) !== null && health.endHold(url, end) && release(url)
    },

    /** Whether a URL still has messages to be made due. */
    isLifting: (): boolean => lifted.get() !== undefined,

    /** Goes on with one URL. */
    continueLifting: (at: number, lanes: LaneBook): void => {
      const row = lifted.get()
      if (!row) return
      const { until: after, ...url } = row
      releaseSome({ ...url, after }, RELEASED_TOGETHER, { at, lanes })
    },
  }
})
