export interface Round {
  claimed: number
  /** When there may be more to do, epoch ms; null: only a ring will tell. */
  nextAt: number | null
}

export interface Rounds {
  /** Something may be due: run a round soon, or once more after the one that runs. */
  ring(): void
  /** No round begins any more; resolves when the last one has ended. */
  stop(): Promise<void>
}

/** The clock's tick looks again after this long anyway. */
const LONGEST_NAP_MS = 1_000

/** How long to sleep after a round that began at `startedAt`; null: until somebody rings. */
export const napAfter = ({ claimed, nextAt }: Round, now: number, startedAt = now): number | null => {
  if (nextAt === null) return null
  if (nextAt > now) return Math.min(nextAt - now, LONGEST_NAP_MS)
  // What was due and was not claimed waits for a slot, and a freed slot rings. What fell due meanwhile was not looked at.
  return claimed > 0 || nextAt > startedAt ? 0 : null
}

/**
 * Runs rounds one at a time: when rung, and by itself when the last round said that something falls due.
 *
 * @param deps.pace waits before each for what belongs to it, such as further free slots
 */
export const createRounds = (
  run: () => Promise<Round>,
  deps: { now: () => number; pace: () => Promise<unknown>; onError: (error: unknown) => void },
): Rounds => {
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  let nap: NodeJS.Timeout | undefined

  const runOnce = async () => {
    do {
      await deps.pace()
      if (stopped) break
      again = false
      const startedAt = deps.now()
      const sleepMs = await run().then(round => napAfter(round, deps.now(), startedAt), fail)
      if (sleepMs === 0) again = true
      else if (sleepMs !== null && !again && !stopped) nap = setTimeout(ring, Math.ceil(sleepMs))
    } while (again && !stopped)
    running = null
  }
  const fail = (error: unknown): number => {
    deps.onError(error)
    return LONGEST_NAP_MS
  }
  const ring = () => {
    if (stopped) return
    clearTimeout(nap)
    again = true
    running ??= runOnce()
  }

  return {
    ring,
    stop: async () => {
      stopped = true
      clearTimeout(nap)
      await running
    },
  }
}
