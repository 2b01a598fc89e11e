import type { Hint } from './hints.ts'
import {
  isLaneLate,
  type MessageTimes,
  messageWithoutLead,
  type VerificationTimes,
  verificationWithoutLead,
} from './rules/step-back.ts'
import type { Store } from './store.ts'

/** How far a look through all that waits has come. */
export type MendPlace =
  | {
      queue: 'verifications'
      /** The last row that was looked at; null: none yet. */
      after: readonly [accountId: string, partnerId: string, queue: number, dueAt: number, id: number] | null
    }
  | { queue: 'messages'; after: readonly [laneId: number, dueAt: number, seq: number] | null }

export interface Mended {
  /** How many rows were put right. */
  mended: number
  /** Null: there is nothing behind these. */
  next: MendPlace | null
}

const FIRST_MEND_PLACE: MendPlace = { queue: 'verifications', after: null }
export const FIRST_MESSAGE_PLACE: MendPlace = { queue: 'messages', after: null }

export interface FoundVerification extends VerificationTimes {
  id: number
  accountId: string
  partnerId: string
  queue: number
}

export interface FoundMessage extends MessageTimes {
  seq: number
  laneId: number
  laneDueAt: number | null
}

/** How an engine looks at a queue, and puts it right. */
interface QueueAccess<Found> {
  /** The first rows behind a place, in the order of the index of their queue, which has nothing else. */
  look(after: readonly (string | number)[], limit: number): Promise<{ rows: readonly Found[]; at: number }>
  /** In one transaction; how many it has changed. Since they were found, somebody may have put them right, or settled them. */
  mend(ids: readonly number[]): Promise<number>
}

/**
 * Puts due times right after the system's clock was set back. Rows are read outside of the transaction; what it puts right goes back in
 * the order of their queue, behind the look.
 */
export const createMending = ({
  verifications,
  messages,
  tell,
}: {
  verifications: QueueAccess<FoundVerification>
  messages: QueueAccess<FoundMessage>
  tell: (hints: readonly Hint[]) => void
}): Store['mendDueTimes'] => {
  const mendVerifications = async (after: readonly (string | number)[], limit: number): Promise<Mended> => {
    const { rows, at } = await verifications.look(after, limit)
    const found = rows.filter(row => verificationWithoutLead(row, at) !== null).map(({ id }) => id)
    const mended = found.length === 0 ? 0 : await verifications.mend(found)
    if (mended > 0) tell([['verificationsDue']])
    const last = rows.length < limit ? undefined : rows.at(-1)
    if (!last) return { mended, next: FIRST_MESSAGE_PLACE }
    const { accountId, partnerId, queue, dueAt, id } = last
    return { mended, next: { queue: 'verifications', after: [accountId, partnerId, queue, dueAt, id] } }
  }

  const mendMessages = async (after: readonly number[], limit: number): Promise<Mended> => {
    const { rows, at } = await messages.look(after, limit)
    const isWrong = (row: FoundMessage): boolean =>
      messageWithoutLead(row, at) !== null || isLaneLate({ dueAt: row.laneDueAt }, row, at)
    const found = rows.filter(isWrong).map(({ seq }) => seq)
    const mended = found.length === 0 ? 0 : await messages.mend(found)
    if (mended > 0) tell([['messagesDue']])
    const last = rows.length < limit ? undefined : rows.at(-1)
    return { mended, next: last ? { queue: 'messages', after: [last.laneId, last.dueAt, last.seq] } : null }
  }

  return (place, limit) => {
    const from = place ?? FIRST_MEND_PLACE
    return from.queue === 'messages'
      ? mendMessages(from.after ?? [0, 0, 0], limit)
      : mendVerifications(from.after ?? ['', '', 0, 0, 0], limit)
  }
}
