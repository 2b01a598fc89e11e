import { MINUTE, SECOND } from '../core/duration.ts'

const HALF_HOUR_MS = 30 * MINUTE
/** Around a full or half hour: from so long before until so long after. */
const BEFORE_MS = 5 * SECOND
const AFTER_MS = 30 * SECOND
/** Whoever has waited does not go at the same moment as everybody else who has. */
const SPREAD_MS = 20 * SECOND

/** How long to wait for robots to have time, in ms; 0: they have. `random` is in [0, 1). */
export const fullHourWait = (now: number, random: number): number => {
  const sinceBusy = (now + BEFORE_MS) % HALF_HOUR_MS
  const busyMs = BEFORE_MS + AFTER_MS
  return sinceBusy < busyMs ? busyMs - sinceBusy + random * SPREAD_MS : 0
}

/** Whoever asks for more time gets no more: it may be a mistake. */
const LONGEST_PAUSE_MS = 15 * MINUTE
/** How long a channel is left alone that asks for so much time. */
export const pauseFor = (waitMs: number): number => Math.min(waitMs, LONGEST_PAUSE_MS)

const RETRIES_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 15 * MINUTE]
const JITTER = 0.2

/** How long after the failure of try `tries` (0: the first) to try again. */
export const retryWait = (tries: number, random: number): number => {
  const ms = RETRIES_MS[Math.min(tries, RETRIES_MS.length - 1)] ?? 0
  return ms * (1 + JITTER * (2 * random - 1))
}
