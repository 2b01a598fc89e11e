import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicFactory } from 'ulid'
import type { Clock } from '../core/clock.ts'
import { startCalendar } from '../worker/timers.ts'

/** Where time and chance come from. Everything else takes them as arguments. */
export const clock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  threadCpu: () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  },
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}
export const random = randomBytes
/** What the workers go by; a simulation has its own. */
export const system = { clock, random: Math.random, startCalendar }
export type System = typeof system
const CHANCES = 2 ** 32

/** @param now epoch ms, which is in the id */
export const createIds = (now = clock.now, chance = () => randomInt(CHANCES) / CHANCES) => {
  const ulid = monotonicFactory(chance)
  return (prefix: string): string => `${prefix}_${ulid(now())}`
}
