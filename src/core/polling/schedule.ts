export interface PollSchedule {
  minMs: number
  maxMs: number
  rampMs: number
}

/**
 * How long to wait before asking again, by the age of the check: every `minMs` while most people finish, then ever
 * more slowly in proportion to the age, never more slowly than `maxMs`.
 */
export const pollInterval = (ageMs: number, { minMs, maxMs, rampMs }: PollSchedule): number =>
  Math.min(maxMs, Math.max(minMs, minMs * Math.max(1, ageMs / rampMs)))
