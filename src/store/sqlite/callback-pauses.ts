import type { Context } from './context.ts'
import type { LaneBook } from './lanes.ts'

interface Url {
  partnerId: string
  callbackUrl: string
}

/** URLs that answered 410. Their messages stay pending with no due time until the pause is lifted. */
export const createCallbackPauses = ({ client }: Pick<Context, 'client'>) => {
  const find = client
    .prepare<Url, number>(
      'SELECT since FROM callback_pauses WHERE partner_id = @partnerId AND callback_url = @callbackUrl',
    )
    .pluck()
  const any = client
    .prepare<[partnerId: string], 1>('SELECT 1 FROM callback_pauses WHERE partner_id = +? LIMIT 1')
    .pluck()
  const add = client.prepare<Url & { since: number }>(`
    INSERT INTO callback_pauses (partner_id, callback_url, since) VALUES (@partnerId, @callbackUrl, @since)
    ON CONFLICT DO NOTHING`)
  const remove = client.prepare<Url>(
    'DELETE FROM callback_pauses WHERE partner_id = @partnerId AND callback_url = @callbackUrl',
  )
  const held = client.prepare<Url, { seq: number; laneId: number }>(`
    SELECT seq, lane_id AS laneId FROM messages
    WHERE partner_id = @partnerId AND state = 'pending' AND due_at IS NULL AND callback_url = @callbackUrl`)
  const firstHeld = client.prepare<Url>(`
    SELECT seq FROM messages
    WHERE partner_id = +@partnerId AND state = 'pending' AND due_at IS NULL AND callback_url = +@callbackUrl LIMIT 1`)
  const release = client.prepare<[dueAt: number, seqs: string]>(
    'UPDATE messages SET due_at = ? WHERE seq IN (SELECT value FROM json_each(?))',
  )

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

    /** Makes what was held due at `at`; whether the URL was paused. */
    lift: ({ partnerId, callbackUrl }: Url, at: number, lanes: LaneBook): boolean => {
      if (remove.run({ partnerId, callbackUrl }).changes === 0) return false
      const messages = held.all({ partnerId, callbackUrl })
      release.run(at, JSON.stringify(messages.map(({ seq }) => seq)))
      for (const laneId of new Set(messages.map(({ laneId }) => laneId))) lanes.advance(laneId, at)
      return true
    },
  }
}
