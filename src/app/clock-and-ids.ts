import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicFactory } from 'ulid'
import type { Clock } from '../core/clock.ts'

/** Where time and chance come from. Everything else takes them as arguments. */
export const clock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}
export const random = randomBytes
const CHANCES = 2 ** 32

/** @param now epoch ms, which is in the id */
export const createIds = (now = clock.now) => {
  const ulid = monotonicFactory(() => randomInt(CHANCES) / CHANCES)
  return (prefix: string): string => `${prefix}_${ulid(now())}`
}
