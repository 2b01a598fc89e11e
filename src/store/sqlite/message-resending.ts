import { resent } from '../../core/message.ts'
import type { UrlChanges } from './callbacks.ts'
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

/** Makes a message due at `at`, whatever its state, and lets go what is held for its URL. The caller saves both. */
export const createMessageResending = ({ client }: Pick<Context, 'client'>) => {
  const save = client.prepare<[dueAt: number, claims: number, fence: number, unrecorded: number, seq: number]>(`
    UPDATE messages SET state = 'pending', due_at = ?, claimed_at = NULL, retries = 0, claims = ?, fence = ?, unrecorded = ?
    WHERE seq = ?`)

  return (message: FoundMessage, { at, lanes, urls }: { at: number; lanes: LaneBook; urls: UrlChanges }): void => {
    urls.release(message, 'resend')
    const { dueAt, claims, fence, unrecorded } = resent(message, at)
    save.run(dueAt, claims, fence, unrecorded, message.seq)
    lanes.advance(message.laneId, dueAt)
  }
}
