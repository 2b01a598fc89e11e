import { type Clock, yieldToLoop } from '../core/clock.ts'
import { MINUTE } from '../core/duration.ts'

/** Result of a round. */
export interface Round {
  claimed: number
  /** When more may be due, by the store's clock; null if unknown. */
  nextAt: number | null
  /** Due rows may wait for a slot. */
  waits: boolean
}

/**
 * Maximum interval between rounds, on a clock that never jumps: finds rows that another process has made due, and
 * leases that have ended.
 */
const MAX_INTERVAL_MS = 1_000
/** Reason for aborting a sleep: creating an error, as `abort` would, costs more than a round that finds nothing. */
const WOKEN = 'woken'
/** Minimum interval between the starts of rounds. Under load each then claims a batch that is worth its transaction. */
const MIN_GAP_MS = 1

/** Returns how long to sleep, in ms, after a round that began at `startedAt`, unless the loop is woken up. */
export const intervalAfter = ({ claimed, nextAt }: Omit<Round, 'waits'>, now: number, startedAt = now): number => {
  if (nextAt === null) return MAX_INTERVAL_MS
  if (nextAt > now) return Math.min(nextAt - now, MAX_INTERVAL_MS)
  // Rows that were due when the round began, and were not claimed, wait for a slot, which wakes up the loop when it is
  // free. Rows that have fallen due since need a round now.
  return claimed > 0 || nextAt > startedAt ? 0 : MAX_INTERVAL_MS
}

/**
 * Runs rounds, one at a time: when woken up, when a row falls due, and after `MAX_INTERVAL_MS` at the latest.
 *
 * @param deps.now the store's clock
 */
export const createRounds = (
  run: () => Promise<Round>,
  deps: { clock: Pick<Clock, 'monotonic' | 'sleep'>; now: () => number; onError: (error: unknown) => void },
) => {
  const { clock, now, onError } = deps
  let running: Promise<void> | null = null
  let isRequested = false
  /** The last round left due rows, or may have. */
  let waits = true
  /** A slot was freed during a round, which did not see it. */
  let isFreed = false
  let isStopped = false
  let lastAt = Number.NEGATIVE_INFINITY
  let sleeping: AbortController | null = null
  /** By the store's clock: end of the sleep, and earliest time passed to `wakeUpAt` since the last round began. */
  let sleepEnd = 0
  let earliestAt = Number.POSITIVE_INFINITY

  /**
   * Collects wake-ups and free slots for one round: until the next turn of the event loop, or until `MIN_GAP_MS` has
   * passed.
   */
  const coalesceWakeUps = async () => {
    const leftMs = lastAt + MIN_GAP_MS - clock.monotonic()
    await (leftMs > 0 ? clock.sleep(leftMs) : yieldToLoop())
    lastAt = clock.monotonic()
  }

  const runOnce = async (): Promise<number> => {
    const startedAt = now()
    isFreed = false
    try {
      const round = await run()
      waits = round.waits || (round.nextAt !== null && round.nextAt <= startedAt)
      return intervalAfter(round, now(), startedAt)
    } catch (error) {
      waits = true
      onError(error)
      return MAX_INTERVAL_MS
    }
  }

  const runWhileRequested = async () => {
    while (isRequested && !isStopped) {
      await coalesceWakeUps()
      if (isStopped) break
      isRequested = false
      earliestAt = Number.POSITIVE_INFINITY
      const sleepMs = Math.min(await runOnce(), Math.max(0, earliestAt - now()))
      if (sleepMs === 0 || (waits && isFreed)) isRequested = true
      else if (!isRequested && !isStopped) wakeUpAfter(Math.ceil(sleepMs))
    }
    running = null
  }

  const wakeUpAfter = (ms: number) => {
    sleeping = new AbortController()
    sleepEnd = now() + ms
    clock.sleep(ms, sleeping.signal).then(wakeUp, () => {})
  }

  /** Rows may be due: starts a round soon, or another one after the round that runs now. */
  const wakeUp = () => {
    if (isStopped) return
    sleeping?.abort(WOKEN)
    sleeping = null
    isRequested = true
    running ??= runWhileRequested()
  }

  /** A row falls due at this time, by the store's clock: starts a round then, unless one comes before. */
  const wakeUpAt = (at: number) => {
    if (isStopped) return
    earliestAt = Math.min(earliestAt, at)
    // A running round reads `earliestAt` when it ends.
    if (running !== null) return
    // Also where the sleep is late: its clock is not the store's.
    if (at <= now()) return wakeUp()
    if (at >= sleepEnd) return
    sleeping?.abort(WOKEN)
    wakeUpAfter(at - now())
  }

  return {
    wakeUp,
    wakeUpAt,
    /** A slot is free: starts a round if rows may wait for one. */
    free: () => {
      isFreed = true
      if (waits && running === null) wakeUp()
    },
    /** Starts no more rounds; resolves when the last one has ended. */
    stop: async () => {
      isStopped = true
      sleeping?.abort(WOKEN)
      await running
    },
  }
}

/** Rounds fail every second while the database cannot be written. */
const REPORT_EVERY_MS = MINUTE

/** Passes on failures at most once a minute, the first one at once. */
export const onceAMinute = (
  report: (error: unknown) => void,
  { monotonic }: Pick<Clock, 'monotonic'>,
): ((error: unknown) => void) => {
  let reportedAt = Number.NEGATIVE_INFINITY
  return error => {
    if (monotonic() - reportedAt < REPORT_EVERY_MS) return
    reportedAt = monotonic()
    report(error)
  }
}
