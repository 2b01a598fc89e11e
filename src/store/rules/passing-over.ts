import { SECOND } from '../../core/duration.ts'

/** What a look takes that passes over nothing, and each thing that it finds; with room for a busy machine. */
const LOOK_MS = 10
const FIND_MS = 0.05
/** Looks from the first take at most a hundredth of the time, until they take very long. */
const PART = 100
const MOST_MS = 5 * SECOND

/**
 * For how long looks need not begin from the first again, after one that took so long. An index keeps what is dead while any transaction
 * is open that could see it, and what is dead cannot be told but by reading it.
 */
export const goOnFor = ({ tookMs, found }: { tookMs: number; found: number }): number =>
  tookMs <= LOOK_MS + found * FIND_MS ? 0 : Math.min(MOST_MS, tookMs * PART)
