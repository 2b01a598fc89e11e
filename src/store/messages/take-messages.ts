import { MINUTE } from '../../core/duration.ts'

/** Maximum number of partners whose lanes a claim reads, round robin. The next claim continues after them. */
const PARTNERS_IN_A_CLAIM = 256

/**
 * Returns the partners whose lanes a claim reads: from after `last`, where the previous claim ended, then from the
 * start. `isWholeRound`: no other partner has something to send.
 *
 * @param find returns, per window, the partners with something to send after an id, in order
 */
export const partnersRoundRobin = async <Partner extends { id: string }>(
  last: string,
  find: (windows: readonly { after: string; max: number }[]) => Promise<readonly (readonly Partner[])[]>,
): Promise<{ partners: Partner[]; isWholeRound: boolean }> => {
  const windows = [...new Set([last, ''])].map(after => ({ after, max: PARTNERS_IN_A_CLAIM }))
  const [rest = [], start = rest] = await find(windows)
  const all = [...rest, ...start.filter(({ id }) => id <= last)]
  const isFull = rest.length === PARTNERS_IN_A_CLAIM || all.length > PARTNERS_IN_A_CLAIM
  const isWholeRound = !isFull && (start.length < PARTNERS_IN_A_CLAIM || start.some(({ id }) => id > last))
  return { partners: all.slice(0, PARTNERS_IN_A_CLAIM), isWholeRound }
}

/** How many held messages a claim may read past, per lane and in all. The next claim continues after them. */
const HELD_IN_A_LANE = 100
export const HELD_IN_A_CLAIM = 1_000

/**
 * Returns how many messages of a lane a claim reads beyond its share, because some may be held.
 *
 * @param left the unused part of `HELD_IN_A_CLAIM`
 */
export const heldAllowance = ({ hasHeld, left }: { hasHeld: boolean; left: number }): number =>
  hasHeld ? Math.min(left, HELD_IN_A_LANE) : 0

/** The part of a due message that a claim decides by. */
interface DueRow {
  seq: number
  retries: number
  /** Messages for its URL are held. */
  isHeld: boolean
}

/** Due messages of a lane, each list sorted by due time. `newest` is empty unless the lane is behind. */
export interface Due<Row> {
  oldest: readonly Row[]
  newest: readonly Row[]
}

/** Whether a lane is over a minute late, as after a stop. A claim then also reads its newest due messages. */
export const isBehind = (firstDueAt: number | undefined, at: number): boolean =>
  firstDueAt !== undefined && firstDueAt < at - MINUTE

/**
 * Puts up to half of `take` first attempts ahead of retries, in a lane that is behind. They have had no try yet, and
 * all messages that failed before the stop would precede them. They are found among the newest, behind thousands of
 * retries.
 */
const firstsAndRetries = <Row extends DueRow>(rows: readonly Row[], take: number): Row[] => {
  const firsts = rows.filter(({ retries }) => retries === 0)
  const half = Math.ceil(take / 2)
  return [...firsts.slice(0, half), ...rows.filter(({ retries }) => retries > 0), ...firsts.slice(half)]
}

/** Splits a lane's due messages: `taken` to hand out, and `held`, which are for held URLs. */
export const takeMessages = <Row extends DueRow>({ oldest, newest }: Due<Row>, take: number) => {
  const all = [...new Map([...oldest, ...newest].map(row => [row.seq, row])).values()]
  const ready = all.filter(({ isHeld }) => !isHeld)
  const inOrder = newest.length === 0 ? ready : firstsAndRetries(ready, take)
  return { taken: inOrder.slice(0, take), held: all.filter(({ isHeld }) => isHeld) }
}

/** Delay of the next claim if this one handed out nothing: it made progress in lanes, or other partners may wait. */
const AFTER_PROGRESS_MS = 10
const OTHER_PARTNERS_MS = 100

/** Result of a claim. */
interface MessageClaim {
  /** No other partner has due messages. */
  isWholeRound: boolean
  /** How many lanes it took from, or put off. */
  lanes: number
  /** How many messages it hands out. */
  messages: number
  /** The earliest due time of all lanes after the claim. */
  firstDue: number | null
}

/** Returns when the next claim is worthwhile, or null if not before a hint. */
export const afterMessageClaim = (
  { isWholeRound, lanes, messages, firstDue }: MessageClaim,
  at: number,
): number | null => {
  if (firstDue === null || messages > 0) return firstDue
  // A lane taken from makes progress: its messages are claimed or held, or its due time is corrected.
  if (lanes > 0) return Math.max(firstDue, at + AFTER_PROGRESS_MS)
  return isWholeRound ? firstDue : Math.max(firstDue, at + OTHER_PARTNERS_MS)
}
