import { resent } from '../../core/message.ts'
import type { LiftPause } from './callback-pauses.ts'
import type { Context } from './context.ts'
import type { LaneBook } from './lanes.ts'

interface FoundMessage {
  seq: number
  claims: number
  claimedAt: number | null
  unrecorded: number
  laneId: number
  partnerId: string
  callbackUrl: string
}

/** Makes a message due at `at`, whatever its state, and lifts the pause of its URL. The caller saves the lanes. */
export const createMessageResending = ({ client }: Pick<Context, 'client'>) => {
  const save = client.prepare<[dueAt: number, claims: number, fence: number, unrecorded: number, seq: number]>(`
    UPDATE messages SET state = 'pending', due_at = ?, claimed_at = NULL, retries = 0, claims = ?, fence = ?, unrecorded = ?
    WHERE seq = ?`)

  return (message: FoundMessage, { at, lanes, lift }: { at: number; lanes: LaneBook; lift: LiftPause }): void => {
    lift(message)
    const { dueAt, claims, fence, unrecorded } = resent(message, at)
    save.run(dueAt, claims, fence, unrecorded, message.seq)
    lanes.advance(message.laneId, dueAt)
  }
}
