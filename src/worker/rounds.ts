import { type Clock, yieldToLoop } from '../core/clock.ts'
import { MINUTE } from '../core/duration.ts'

/** What a round has done. */
export interface Round {
  claimed: number
  /** When more may be due, by the store's clock; null: nobody knows. */
  nextAt: number | null
  /** Something that is due may wait for a slot. */
  waits: boolean
}

/**
 * Rounds run again after this long, by a clock that never jumps: for rows that another process has made due, and leases that have
 * run out.
 */
const LONGEST_NAP_MS = 1_000
/** Why a nap ends: to make an error, as `abort` would, costs more than a round that finds nothing. */
const RUNG = 'rung'
/** Rounds begin at least so far apart. Under load each then claims a batch that is worth its transaction. */
const MIN_GAP_MS = 1

/** How long to sleep after a round that began at `startedAt`, unless somebody rings. */
export const napAfter = ({ claimed, nextAt }: Omit<Round, 'waits'>, now: number, startedAt = now): number => {
  if (nextAt === null) return LONGEST_NAP_MS
  if (nextAt > now) return Math.min(nextAt - now, LONGEST_NAP_MS)
  // What was due when the round began and was not claimed waits for a slot, which rings when it is free. What has fallen due
  // since needs a round now.
  return claimed > 0 || nextAt > startedAt ? 0 : LONGEST_NAP_MS
}

/**
 * Runs rounds, one at a time: when rung, and when something falls due that the last round has announced.
 *
 * @param deps.now the store's clock
 */
export const createRounds = (
  run: () => Promise<Round>,
  deps: { clock: Pick<Clock, 'monotonic' | 'sleep'>; now: () => number; onError: (error: unknown) => void },
) => {
  const { clock, now, onError } = deps
  let running: Promise<void> | null = null
  let isRung = false
  /** The last round left something that is due, or may have. */
  let waits = true
  /** A slot was freed while a round ran, which did not see it. */
  let isFreed = false
  let isStopped = false
  let lastAt = Number.NEGATIVE_INFINITY
  let nap: AbortController | null = null
  /** By the store's clock: when the nap ends, and what has been announced since the last round began. */
  let napEnd = 0
  let announced = Number.POSITIVE_INFINITY

  /** Waits for rings and free slots that belong to the same round: by a yield to the loop, or until rounds may begin again. */
  const gather = async () => {
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
      return napAfter(round, now(), startedAt)
    } catch (error) {
      waits = true
      onError(error)
      return LONGEST_NAP_MS
    }
  }

  const runWhileRung = async () => {
    while (isRung && !isStopped) {
      await gather()
      if (isStopped) break
      isRung = false
      announced = Number.POSITIVE_INFINITY
      const napMs = Math.min(await runOnce(), Math.max(0, announced - now()))
      if (napMs === 0 || (waits && isFreed)) isRung = true
      else if (!isRung && !isStopped) ringAfter(Math.ceil(napMs))
    }
    running = null
  }

  const ringAfter = (ms: number) => {
    nap = new AbortController()
    napEnd = now() + ms
    clock.sleep(ms, nap.signal).then(ring, () => {})
  }

  /** Something may be due: starts a round soon, or one more after the round that runs now. */
  const ring = () => {
    if (isStopped) return
    nap?.abort(RUNG)
    nap = null
    isRung = true
    running ??= runWhileRung()
  }

  /** Something falls due at this time, by the store's clock: starts a round then, if none comes before. */
  const ringAt = (at: number) => {
    if (isStopped) return
    announced = Math.min(announced, at)
    // A round that runs looks at what was announced when it has ended.
    if (running !== null || at >= napEnd) return
    nap?.abort(RUNG)
    if (at <= now()) ring()
    else ringAfter(at - now())
  }

  return {
    ring,
    ringAt,
    /** A slot is free: starts a round if something may wait for one. */
    free: () => {
      isFreed = true
      if (waits && running === null) ring()
    },
    /** Starts no more rounds; resolves when the last one has ended. */
    stop: async () => {
      isStopped = true
      nap?.abort(RUNG)
      await running
    },
  }
}

/** Rounds fail each second while the database cannot be written. */
const TOLD_EVERY_MS = MINUTE

/** Passes on a failure at once, and of those that follow one a minute. */
export const onceAMinute = (
  tell: (error: unknown) => void,
  { monotonic }: Pick<Clock, 'monotonic'>,
): ((error: unknown) => void) => {
  let toldAt = Number.NEGATIVE_INFINITY
  return error => {
    if (monotonic() - toldAt < TOLD_EVERY_MS) return
    toldAt = monotonic()
    tell(error)
  }
}
