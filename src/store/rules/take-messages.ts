import { MINUTE } from '../../core/duration.ts'

/**
 * So many messages that are held are read in a claim, in front of a lane and of all lanes, beyond those that were to be handed out; the
 * next claim goes on after them.
 */
const HELD_IN_A_LANE = 100
export const HELD_IN_A_CLAIM = 1_000

/**
 * How many messages of a lane a claim reads beyond those that it is to take, where some may be held.
 *
 * @param left how many it still may read so, of all lanes
 */
export const spareOf = ({ isPausing, left }: { isPausing: boolean; left: number }): number =>
  isPausing ? Math.min(left, HELD_IN_A_LANE) : 0

/** What a claim decides by. */
interface DueRow {
  seq: number
  retries: number
}

/** Due messages of a lane, each sorted by when they are due. `newest` is empty, but for a lane that is behind. */
export interface Due<Row> {
  oldest: readonly Row[]
  newest: readonly Row[]
}

/** Whether a lane is behind by what is due first, as after a stop. Then a claim reads as many of its newest due messages too. */
export const isBehind = (firstDueAt: number | undefined, at: number): boolean =>
  firstDueAt !== undefined && firstDueAt < at - MINUTE

/**
 * Of a lane that is behind, first attempts get up to half of what is taken before old retries do: nobody has waited for those yet, and
 * all that failed before the stop would come first. They are found among the newest, behind thousands of retries.
 */
const firstsAndRetries = <Row extends Pick<DueRow, 'retries'>>(rows: readonly Row[], take: number): Row[] => {
  const firsts = rows.filter(({ retries }) => retries === 0)
  const half = Math.ceil(take / 2)
  return [...firsts.slice(0, half), ...rows.filter(({ retries }) => retries > 0), ...firsts.slice(half)]
}

/**
 * What becomes of a lane's due messages: those for paused URLs are held; `unreadable` are given up.
 *
 * @param given.open null: it cannot be decrypted
 */
export const takeMessages = <Row, Message>(
  { oldest, newest }: Due<Row>,
  given: {
    take: number
    dueRowOf: (row: Row) => DueRow
    isPaused: (row: Row) => boolean
    open: (row: Row) => Message | null
  },
): { messages: Message[]; held: number[]; unreadable: number[] } => {
  const { take, dueRowOf, isPaused, open } = given
  const bySeq = new Map([...oldest, ...newest].map(row => [dueRowOf(row).seq, { ...dueRowOf(row), row }]))
  const all = [...bySeq.values()]
  const ready = all.filter(({ row }) => !isPaused(row))
  const inOrder = newest.length === 0 ? ready : firstsAndRetries(ready, take)
  const opened = inOrder.slice(0, take).map(({ seq, row }) => ({ seq, message: open(row) }))
  return {
    messages: opened.flatMap(({ message }) => message ?? []),
    held: all.filter(({ row }) => isPaused(row)).map(({ seq }) => seq),
    unreadable: opened.flatMap(({ seq, message }) => (message === null ? [seq] : [])),
  }
}
