import { type Clock, yieldToLoop } from '../../../src/core/clock.ts'
import { SECOND } from '../../../src/core/duration.ts'

interface Sleeper {
  until: number
  /**
   * A sleeper that only looks for work may sleep on until then, unless something is due within a second before `until`.
   */
  latest: number
  wake: () => void
}

/** In a turn of the event loop without new work somebody may still wait for the next turn. */
const QUIET_TURNS = 3

/**
 * Time that passes only when everybody waits for it. Nothing else may make anybody wait, so that the same seed gives
 * the same calls in the same order.
 *
 * @param idleMs how often loops that only look for work wake up, at least
 */
export const createTime = (startAt: number, idleMs: number) => {
  let at = startAt
  let activity = 0
  let underWay = 0
  let allEnded = Promise.withResolvers<void>()
  const sleepers = new Set<Sleeper>()
  /** Due times that the store has reported. */
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
     * A clock for the code of the service. A sleep of one second, or of ten or more, counts as one that only looks for
     * work (rounds, heartbeats). Waking for each of them would take minutes a quarter longer, and a year hours. Any
     * other sleep of that length, whose end no store has reported, ends late here, by `idleMs` at most; 0 rules that
     * out.
     */
    sleep: ((ms, signal) => {
      const until = at + Math.ceil(ms)
      const onlyLooks = ms === SECOND || ms >= 10 * SECOND
      return sleepUntil(until, onlyLooks ? Math.max(until, at + idleMs) : until, signal)
    }) satisfies Clock['sleep'],
    /** Counts as work until it has ended, as a call of the database does. */
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
    /** Work will be due then. While an account recovers this is not a whole millisecond, which alone a clock shows. */
    fallsDue: (dueAt: number): void => void (dueAt > at && due.add(Math.ceil(dueAt))),
    settle,
    /** Goes on to the next moment with work to do. */
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
