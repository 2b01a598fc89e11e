import { type Hint, tellHints } from '../hints.ts'
import { isFromBeforeStepBack, type Waiting } from '../rules/step-back.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'

interface FoundVerification extends Waiting {
  id: number
  lastPolledAt: number | null
  nudgedAt: number
}

interface FoundMessage extends Waiting {
  seq: number
  laneId: number
  createdAt: number
  attemptedAt: number | null
}

/** Puts due times right after the system's clock was set back. */
export const createStepBack = ({ client, write, now, hints }: Context): Pick<Store, 'mendDueTimes'> => {
  const beginLanes = createLanes(client)
  // What waits is in the index of its queue.
  const verifications = client.prepare<{ at: number; limit: number }, FoundVerification>(`
    SELECT id, due_at AS dueAt, claimed_at AS claimedAt, last_polled_at AS lastPolledAt, nudged_at AS nudgedAt
    FROM verifications
    WHERE due_at IS NOT NULL AND due_at > +@at AND claimed_at IS NULL AND (last_polled_at > +@at OR nudged_at > +@at)
    ORDER BY id LIMIT +@limit`)
  const messages = client.prepare<{ at: number; limit: number }, FoundMessage>(`
    SELECT seq, lane_id AS laneId, due_at AS dueAt, claimed_at AS claimedAt, created_at AS createdAt,
      (SELECT max(a.at) FROM attempts a WHERE a.message_seq = m.seq) AS attemptedAt
    FROM messages m
    WHERE due_at IS NOT NULL AND due_at > +@at AND claimed_at IS NULL
      AND (created_at > +@at OR EXISTS (SELECT 1 FROM attempts a WHERE a.message_seq = m.seq AND a.at > +@at))
    ORDER BY seq LIMIT +@limit`)
  const askNow = client.prepare<[dueAt: number, id: number]>('UPDATE verifications SET due_at = ? WHERE id = ?')
  const sendNow = client.prepare<[dueAt: number, seq: number]>('UPDATE messages SET due_at = ? WHERE seq = ?')

  return {
    mendDueTimes: async limit => {
      const mended = await write(() => {
        const at = now()
        const asked = verifications
          .all({ at, limit })
          .filter(row => isFromBeforeStepBack(row, [row.lastPolledAt, row.nudgedAt], at))
        const sent = messages
          .all({ at, limit })
          .filter(row => isFromBeforeStepBack(row, [row.createdAt, row.attemptedAt], at))
        const lanes = beginLanes()
        for (const { id } of asked) askNow.run(at, id)
        for (const { seq, laneId } of sent) {
          sendNow.run(at, seq)
          lanes.advance(laneId, at)
        }
        lanes.save()
        return { asked: asked.length, sent: sent.length }
      })
      const found: Hint[] = []
      if (mended.asked > 0) found.push(['verificationsDue'])
      if (mended.sent > 0) found.push(['messagesDue'])
      tellHints(hints, found)
      return mended.asked + mended.sent
    },
  }
}
