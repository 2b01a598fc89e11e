import { randomBytes, randomInt } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { Clock } from '../core/clock.ts'
import { startCalendar } from '../worker/timers.ts'

/** Rejects with the signal's reason. Node's own sleep creates an error each time that it ends early, as most do. */
const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      return signal?.aborted ? reject(signal.reason) : resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })

/** Source of time and randomness. All other modules take them as arguments. */
export const clock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  threadCpu: () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  },
  sleep,
}
export const random = randomBytes
/** Clock, randomness and calendar of the workers; a simulation has its own. */
export const system = { clock, random: Math.random, startCalendar }
export type System = typeof system
const CHANCES = 2 ** 32

/** @param now epoch ms, which becomes part of the id */
export const createIds = (now = clock.now, chance = () => randomInt(CHANCES) / CHANCES) => {
  const ulid = monotonicFactory(chance)
  return (prefix: string): string => `${prefix}_${ulid(now())}`
}
