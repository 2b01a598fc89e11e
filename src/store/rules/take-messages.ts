import { type DueRow, takeDueMessages } from './ramp.ts'
import type { DueLane } from './share-slots.ts'

/**
 * So many messages that are held or put off are looked at in a claim, in front of a lane and of all lanes, beyond those that were to be
 * handed out; the next claim goes on after them.
 */
const HELD_IN_A_LANE = 100
export const HELD_IN_A_CLAIM = 1_000

/**
 * How many messages of a lane a claim looks at beyond those that it is to take, where some may be held or put off.
 *
 * @param given.left how many it still may look at so, of all lanes
 * @param given.missed retries that were due before then missed their time
 */
export const spareOf = (
  { dueAt }: Pick<DueLane, 'dueAt'>,
  { isPausing, missed, left }: { isPausing: boolean; missed: number; left: number },
): number => (isPausing || dueAt < missed ? Math.min(left, HELD_IN_A_LANE) : 0)

/** A message that is claimed and not handed out; `dueAt` null: it is due when something makes it so. */
export interface HeldMessage {
  seq: number
  dueAt: number | null
}

/**
 * What becomes of a lane's due messages, the longest due first: those for paused URLs are held; those that missed their time are put off;
 * `unreadable` are given up.
 *
 * @param given.ramp gives a message the next place on the lane's ramp; when it is due there
 * @param given.open null: it cannot be decrypted
 */
export const takeMessages = <Row, Message>(
  rows: readonly Row[],
  given: {
    take: number
    at: number
    missed: number
    look: (row: Row) => DueRow
    isPaused: (row: Row) => boolean
    ramp: (seq: number) => number
    open: (row: Row) => Message | null
  },
): { messages: Message[]; held: HeldMessage[]; unreadable: number[] } => {
  const { look, isPaused, open } = given
  const { taken, putOff } = takeDueMessages(
    rows.filter(row => !isPaused(row)),
    given,
  )
  const opened = taken.map(row => ({ row, message: open(row) }))
  return {
    messages: opened.flatMap(({ message }) => message ?? []),
    held: [
      ...rows.filter(isPaused).map(row => ({ seq: look(row).seq, dueAt: null })),
      ...putOff.map(({ row, dueAt }) => ({ seq: look(row).seq, dueAt })),
    ],
    unreadable: opened.flatMap(({ row, message }) => (message === null ? [look(row).seq] : [])),
  }
}
