import { MINUTE } from '../../core/duration.ts'

/** A claim reads the lanes of so many partners, round robin: the next claim goes on after them. */
const PARTNERS_IN_A_CLAIM = 256

/**
 * The partners whose lanes a claim reads: those after `last`, where the claim before it ended, then from the beginning on; `isAll`: there
 * are no others.
 *
 * @param find those with something to send, from after one, in order, of each window
 */
export const partnersRoundRobin = async <Partner extends { id: string }>(
  last: string,
  find: (windows: readonly { after: string; most: number }[]) => Promise<readonly (readonly Partner[])[]>,
): Promise<{ partners: Partner[]; isAll: boolean }> => {
  const windows = [...new Set([last, ''])].map(after => ({ after, most: PARTNERS_IN_A_CLAIM }))
  const [rest = [], start = rest] = await find(windows)
  const all = [...rest, ...start.filter(({ id }) => id <= last)]
  const isFull = rest.length === PARTNERS_IN_A_CLAIM || all.length > PARTNERS_IN_A_CLAIM
  const isAll = !isFull && (start.length < PARTNERS_IN_A_CLAIM || start.some(({ id }) => id > last))
  return { partners: all.slice(0, PARTNERS_IN_A_CLAIM), isAll }
}

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
export const spareOf = ({ hasHeld, left }: { hasHeld: boolean; left: number }): number =>
  hasHeld ? Math.min(left, HELD_IN_A_LANE) : 0

/** A due message, as far as a claim decides by it. */
interface DueRow {
  seq: number
  retries: number
  /** Messages for its URL are held. */
  isHeld: boolean
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
const firstsAndRetries = <Row extends DueRow>(rows: readonly Row[], take: number): Row[] => {
  const firsts = rows.filter(({ retries }) => retries === 0)
  const half = Math.ceil(take / 2)
  return [...firsts.slice(0, half), ...rows.filter(({ retries }) => retries > 0), ...firsts.slice(half)]
}

/** Of a lane's due messages those to hand out, and those to hold, which are for held URLs. */
export const takeMessages = <Row extends DueRow>({ oldest, newest }: Due<Row>, take: number) => {
  const all = [...new Map([...oldest, ...newest].map(row => [row.seq, row])).values()]
  const ready = all.filter(({ isHeld }) => !isHeld)
  const inOrder = newest.length === 0 ? ready : firstsAndRetries(ready, take)
  return { taken: inOrder.slice(0, take), held: all.filter(({ isHeld }) => isHeld) }
}

/** A claim that has handed out nothing is worth another after this, since it held messages, or other partners wait. */
const GO_ON_MS = 10
const OTHERS_MS = 100

/** What a claim has done. */
interface MessageClaim {
  /** No other partner has anything due. */
  isAll: boolean
  /** How many lanes it took from, or put off. */
  lanes: number
  /** How many messages it hands out. */
  messages: number
  /** When the first of all lanes is due now. */
  firstDue: number | null
}

/** When the next claim is worth it; null: not before something rings. */
export const afterMessageClaim = ({ isAll, lanes, messages, firstDue }: MessageClaim, at: number): number | null => {
  if (firstDue === null || messages > 0) return firstDue
  // A lane that is taken from makes progress: its messages are claimed or held, or its due time is put right.
  if (lanes > 0) return Math.max(firstDue, at + GO_ON_MS)
  return isAll ? firstDue : Math.max(firstDue, at + OTHERS_MS)
}
