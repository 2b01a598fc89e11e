import { type Clock, yieldToLoop } from '../../../src/core/clock.ts'
import { SECOND } from '../../../src/core/duration.ts'

interface Sleeper {
  until: number
  /** Who only looks whether there is something to do may sleep on until then, unless something falls due within a second before `until`. */
  latest: number
  wake: () => void
}

/** A turn of the event loop in which nobody began anything may still be one in which somebody waits for the next. */
const QUIET_TURNS = 3

/**
 * Time that passes only when everybody waits for it. Nothing but what it hands out may make anybody wait, so that the same calls
 * happen in the same order whenever they begin with the same seed.
 *
 * @param idleMs who only looks for work looks at least so often
 */
export const createTime = (startAt: number, idleMs: number) => {
  let at = startAt
  let activity = 0
  let underWay = 0
  let allEnded = Promise.withResolvers<void>()
  const sleepers = new Set<Sleeper>()
  /** When something falls due, as the store has said. */
  const due = new Set<number>()

  const sleepUntil = (until: number, latest: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      activity++
      if (signal?.aborted) return reject(signal.reason)
      const end = () => {
        sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const wake = () => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const sleeper = { until, latest, wake }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', end)
    })

  /** Lets everybody go on until all of them wait for time. */
  const settle = async (): Promise<void> => {
    for (let quiet = 0, known = -1; quiet < QUIET_TURNS || underWay > 0; ) {
      await (underWay > 0 ? allEnded.promise : yieldToLoop())
      quiet = known === activity ? quiet + 1 : 0
      known = activity
    }
  }

  return {
    now: () => at,
    wait: (ms: number): Promise<void> => sleepUntil(at + Math.ceil(ms), at + Math.ceil(ms)),
    /**
     * A clock for the code that runs here. Who sleeps for a second, or ten and more, is taken for one of those who only look for work,
     * rounds and heartbeats: with a wake of each of them minutes would take a quarter longer, and a year hours. Whoever sleeps as long
     * for a reason of its own, which no store has told, wakes late here, by `idleMs` at most: to rule that out, let it be 0.
     */
    sleep: ((ms, signal) => {
      const until = at + Math.ceil(ms)
      const onlyLooks = ms === SECOND || ms >= 10 * SECOND
      return sleepUntil(until, onlyLooks ? Math.max(until, at + idleMs) : until, signal)
    }) satisfies Clock['sleep'],
    /** Counts as somebody who goes on by himself until it has ended, as a call of the database does. */
    during: async <T>(run: () => Promise<T>): Promise<T> => {
      activity++
      if (underWay++ === 0) allEnded = Promise.withResolvers()
      try {
        return await run()
      } finally {
        activity++
        if (--underWay === 0) allEnded.resolve()
      }
    },
    /** Something will be due then. While an account recovers that is no whole millisecond, which a clock shows alone. */
    fallsDue: (dueAt: number): void => void (dueAt > at && due.add(Math.ceil(dueAt))),
    settle,
    /** Goes on to the next moment at which somebody has something to do. */
    step: async (): Promise<void> => {
      at = Math.min(...[...sleepers].map(({ latest }) => latest), ...due)
      const isDue = due.delete(at)
      for (const sleeper of sleepers) {
        const { until, latest, wake } = sleeper
        if (latest <= at || (isDue && until <= at)) wake()
        else if (isDue && until <= at + SECOND) sleeper.latest = until
      }
      await settle()
    },
  }
}
export type Time = ReturnType<typeof createTime>
