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
