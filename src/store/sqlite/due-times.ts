import { tellHints } from '../hints.ts'
import type { LongestPauses, Store } from '../store.ts'
import type { Context } from './context.ts'

type Bounds = LongestPauses & { at: number; limit: number }

export const createDueTimes = ({ client, write, now, hints }: Context): Pick<Store, 'mendDueTimes'> => {
  const verifications = client.prepare<Bounds>(`
    UPDATE verifications SET due_at = @at
    WHERE id IN (SELECT id FROM verifications WHERE due_at > @at + @pollMs LIMIT @limit)`)
  const messages = client.prepare<Bounds>(`
    UPDATE messages SET due_at = @at
    WHERE seq IN (SELECT seq FROM messages WHERE due_at > @at + @retryMs LIMIT @limit)`)
  const lanes = client.prepare<{ at: number }>(`
    UPDATE lanes SET due_at = @at
    WHERE due_at > @at AND EXISTS (SELECT 1 FROM messages m WHERE m.lane_id = lanes.id AND m.due_at <= @at)`)

  return {
    mendDueTimes: async (longest, limit) => {
      const mended = await write(() => {
        const bounds = { ...longest, at: now(), limit }
        const changed = verifications.run(bounds).changes + messages.run(bounds).changes
        lanes.run({ at: bounds.at })
        return changed
      })
      if (mended > 0) tellHints(hints, [['verificationsDue'], ['messagesDue']])
      return mended
    },
  }
}
