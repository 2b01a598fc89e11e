import { randomBytes } from 'node:crypto'
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

/** Random numbers in [0, 1) for ulid, which would ask the system for each character. */
const createChance = () => {
  let bytes = Buffer.alloc(0)
  let at = 0
  return (): number => {
    if (at === bytes.length) {
      bytes = random(1024)
      at = 0
    }
    return (bytes[at++] ?? 0) / 256
  }
}

/** @param now epoch ms, which is in the id */
export const createIds = (now = clock.now) => {
  const ulid = monotonicFactory(createChance())
  return (prefix: string): string => `${prefix}_${ulid(now())}`
}
