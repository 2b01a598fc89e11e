import { resent } from '../../core/message.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import type { LaneBook } from './lanes.ts'

interface FoundMessage {
  seq: number
  claims: number
  laneId: number
  partnerId: string
  callbackUrl: string
}

/** Makes a message due at `at`, whatever its state, and lifts the pause of its URL. The caller saves the lanes. */
export const createMessageResending = ({ client }: Pick<Context, 'client'>) => {
  const pauses = createCallbackPauses({ client })
  const save = client.prepare<[dueAt: number, claims: number, fence: number, seq: number]>(`
    UPDATE messages SET state = 'pending', due_at = ?, claimed_at = NULL, retries = 0, claims = ?, fence = ?
    WHERE seq = ?`)

  return (message: FoundMessage, at: number, lanes: LaneBook): void => {
    pauses.lift(message, at, lanes)
    const { dueAt, claims, fence } = resent(message, at)
    save.run(dueAt, claims, fence, message.seq)
    lanes.advance(message.laneId, dueAt)
  }
}
