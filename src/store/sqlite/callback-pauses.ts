import type { Context } from './context.ts'
import type { LaneBook } from './lanes.ts'

interface Url {
  partnerId: string
  callbackUrl: string
}
interface HeldMessage {
  seq: number
  laneId: number
}

/** Ends the pause of a URL; whether it was paused. */
export type LiftPause = (url: Url) => boolean

/** So many held messages a transaction makes due; claims go on with the rest, as many each. */
const RELEASED_TOGETHER = 500

/**
 * URLs that answered 410. Their messages stay pending with no due time until the pause is lifted. Those of a URL for which
 * very many are held are made due bit by bit: from then on it is not paused, but has `lifted_until`, the last of those that are due.
 */
export const createCallbackPauses = ({ client }: Pick<Context, 'client'>) => {
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
  const release = client.prepare<[dueAt: number, seqs: string]>(
    'UPDATE messages SET due_at = ? WHERE seq IN (SELECT value FROM json_each(?))',
  )

  /** Makes at most `limit` due, of those behind `after`; how many. Where there may be more it notes how far it came. */
  const releaseSome = (
    { after, ...url }: Url & { after: number },
    limit: number,
    { at, lanes }: { at: number; lanes: LaneBook },
  ): number => {
    const messages = held.all({ ...url, after, limit })
    release.run(at, JSON.stringify(messages.map(({ seq }) => seq)))
    for (const laneId of new Set(messages.map(({ laneId }) => laneId))) lanes.advance(laneId, at)
    if (messages.length < limit) remove.run(url)
    else markLifted.run({ ...url, until: messages.at(-1)?.seq ?? after })
    return messages.length
  }

  return {
    hasAny: (partnerId: string): boolean => any.get(partnerId) !== undefined,

    since: ({ partnerId, callbackUrl }: Url): number | null => find.get({ partnerId, callbackUrl }) ?? null,

    pause: ({ partnerId, callbackUrl }: Url, since: number): void => {
      add.run({ partnerId, callbackUrl, since })
    },

    /** Whether messages are held for it. */
    isHolding: ({ partnerId, callbackUrl }: Url): boolean => firstHeld.get({ partnerId, callbackUrl }) !== undefined,

    /** Without lifting: for a URL that nothing is held for. */
    forget: ({ partnerId, callbackUrl }: Url): void => {
      remove.run({ partnerId, callbackUrl })
    },

    /** Within one run of a transaction. Makes what was held due at `at`, of all URLs together so many as a transaction may. */
    beginLifting: (at: number, lanes: LaneBook): LiftPause => {
      let left = RELEASED_TOGETHER
      return ({ partnerId, callbackUrl }) => {
        if (find.get({ partnerId, callbackUrl }) === undefined) return false
        left -= releaseSome({ partnerId, callbackUrl, after: 0 }, left, { at, lanes })
        return true
      }
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
}
