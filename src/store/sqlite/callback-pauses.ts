import type { Context } from './context.ts'
import { and, eq, inArray, sql } from './drizzle.ts'
import { createLanes } from './lanes.ts'
import { callbackPauses, messages } from './schema.ts'

/** URLs that answered 410. Their messages stay pending with no due time until the pause is lifted. */
export const createCallbackPauses = ({ db, client }: Pick<Context, 'db' | 'client'>) => {
  const lanes = createLanes(client)
  const url = and(
    eq(callbackPauses.partnerId, sql.placeholder('partnerId')),
    eq(callbackPauses.callbackUrl, sql.placeholder('callbackUrl')),
  )
  const findPause = db.select({ since: callbackPauses.since }).from(callbackPauses).where(url).prepare()
  const removePause = client.prepare<[partnerId: string, callbackUrl: string]>(
    'DELETE FROM callback_pauses WHERE partner_id = ? AND callback_url = ?',
  )
  const addPause = db
    .insert(callbackPauses)
    .values({
      partnerId: sql.placeholder('partnerId'),
      callbackUrl: sql.placeholder('callbackUrl'),
      since: sql.placeholder('since'),
    })
    .onConflictDoNothing()
    .prepare()
  const heldMessages = client.prepare<[partnerId: string, callbackUrl: string], { seq: number; laneId: number }>(`
    SELECT seq, lane_id AS laneId FROM messages
    WHERE partner_id = ? AND state = 'pending' AND due_at IS NULL AND callback_url = ?`)

  const hasAny = client
    .prepare<[partnerId: string], 0 | 1>('SELECT EXISTS (SELECT 1 FROM callback_pauses WHERE partner_id = ?)')
    .pluck()

  return {
    hasAny: (partnerId: string): boolean => hasAny.get(partnerId) === 1,

    since: (partnerId: string, callbackUrl: string): number | null =>
      findPause.get({ partnerId, callbackUrl })?.since ?? null,

    pause: (partnerId: string, callbackUrl: string, since: number): void => {
      addPause.run({ partnerId, callbackUrl, since })
    },

    /** Makes what was held due at `now`; whether the URL was paused. */
    lift: (partnerId: string, callbackUrl: string, now: number): boolean => {
      if (removePause.run(partnerId, callbackUrl).changes === 0) return false
      const held = heldMessages.all(partnerId, callbackUrl)
      for (const laneId of new Set(held.map(message => message.laneId))) lanes.advance(laneId, now)
      const seqs = held.map(message => message.seq)
      for (let i = 0; i < seqs.length; i += 500)
        db.update(messages)
          .set({ dueAt: now })
          .where(inArray(messages.seq, seqs.slice(i, i + 500)))
          .run()
      return true
    },
  }
}
