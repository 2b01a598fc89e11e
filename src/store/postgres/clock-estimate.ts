/** The database's clock (epoch ms), read at some moment between a question and its answer; those by our clock. */
export interface ClockReading {
  at: number
  askedAt: number
  answeredAt: number
}

/** It is told in whole ms, rounded down. */
const ROUNDING_MS = 1

/**
 * How far the database's clock is ahead of ours, in ms. An answer tells no more than that it was read since the question: where it took
 * long, as after a break of this process, what was known before is better than the middle, and moves no further than it must.
 *
 * @param known null: nothing was
 */
export const clockAhead = (known: number | null, { at, askedAt, answeredAt }: ClockReading): number => {
  const [least, most] = [at - answeredAt, at - askedAt + ROUNDING_MS]
  // Nothing was known, or our clock was set back meanwhile.
  if (known === null || most < least) return at - (askedAt + answeredAt) / 2
  return Math.min(Math.max(known, least), most)
}
