import { SECOND } from '../../core/duration.ts'

/** How many messages of a lane were put on its ramp, and when that began; null: never. Epoch ms. */
export interface Ramp {
  rampAt: number | null
  ramped: number
}

export const NO_RAMP: Ramp = { rampAt: null, ramped: 0 }

/** No ramp lasts longer, but for more than six million messages. */
export const LONGEST_RAMP_MS = 3_600 * SECOND

/** When the nth goes: the rate begins at nothing and grows by one a second each second, so a hundred take 14 s. */
const placeOf = (n: number): number => SECOND * Math.sqrt(2 * n)
/** When all of a ramp are due, of one that has begun. */
export const rampEndsAt = ({ rampAt, ramped }: Ramp, at: number): number =>
  rampAt !== null && rampAt <= at ? Math.ceil(rampAt + placeOf(ramped)) : at
/** Numbers in a row have fractions that lie far apart. */
const spread = (seq: number): number => (seq * 0.618_033_988_749_895) % 1

/**
 * The next place on a lane's ramp: the first goes at once and shows whether the receiver works, the others ever faster, so that a
 * receiver that is back is not flooded. Where a ramp still runs, it goes on.
 *
 * @param seq moves the place within its neighbours', so that several lanes of a host do not go at the same moments
 */
export const nextOnRamp = (
  ramp: Ramp,
  seq: number,
  at: number,
): { dueAt: number; ramp: { rampAt: number; ramped: number } } => {
  const isRunning = ramp.rampAt !== null && ramp.rampAt <= at && ramp.rampAt + placeOf(ramp.ramped) > at
  const { rampAt, ramped } = isRunning ? { rampAt: ramp.rampAt ?? at, ramped: ramp.ramped } : { rampAt: at, ramped: 0 }
  const n = ramped === 0 ? 0 : ramped - spread(seq)
  return { dueAt: Math.max(at, Math.ceil(rampAt + placeOf(n))), ramp: { rampAt, ramped: ramped + 1 } }
}

/** About how many are on the ramp that are not due yet. */
export const leftOnRamp = ({ rampAt, ramped }: Ramp, at: number): number => {
  if (rampAt === null || at < rampAt) return rampAt === null ? 0 : ramped
  const gone = Math.floor(((at - rampAt) / SECOND) ** 2 / 2) + 1
  return Math.max(0, ramped - gone)
}

/** What has not been claimed for so long has met a break: the service was down, held, or without its database. */
const BREAK_MS = 60 * SECOND

/** When this process looked for messages last, and since when it has done so without a break; null: it has not yet. Epoch ms. */
export interface Looking {
  lastAt: number | null
  since: number
}

export const NOT_LOOKING: Looking = { lastAt: null, since: 0 }

export const afterLook = ({ lastAt, since }: Looking, at: number): Looking => ({
  lastAt: at,
  since: lastAt === null || at - lastAt > BREAK_MS ? at : Math.min(since, at),
})

/**
 * Retries that were due before this missed their time because of a break. They go on their lane's ramp, and so behind first
 * attempts: nobody has waited for those yet, and all that failed before would come at once.
 */
export const missedBefore = ({ since }: Looking): number => since - BREAK_MS

/** What a claim looks at of a message that is due. */
export interface DueRow {
  seq: number
  retries: number
  dueAt: number
}

/**
 * Of a lane's due messages, the longest due first, which to hand out, and when the others are due that are put off: retries that
 * missed their time. Each of them gets a place on the ramp once, and the place is not before the break's end.
 *
 * @param given.ramp gives a message the next place on the lane's ramp; when it is due there
 */
export const takeDueMessages = <Row>(
  rows: readonly Row[],
  given: { take: number; at: number; missed: number; look: (row: Row) => DueRow; ramp: (seq: number) => number },
): { taken: Row[]; putOff: { row: Row; dueAt: number }[] } => {
  const { take, at, missed, look, ramp } = given
  const hasMissed = (row: Row) => look(row).retries > 0 && look(row).dueAt < missed
  const inTime = rows.filter(row => !hasMissed(row))
  const placed = rows.filter(hasMissed).map(row => ({ row, dueAt: ramp(look(row).seq) }))
  const ready = placed.filter(({ dueAt }) => dueAt <= at).slice(0, Math.max(0, take - inTime.length))
  return {
    taken: [...inTime, ...ready.map(({ row }) => row)].slice(0, take),
    putOff: placed.filter(one => !ready.includes(one)),
  }
}
