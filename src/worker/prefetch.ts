/** Longer than the store usually takes to hand out more. */
const WINDOW_MS = 10

/**
 * How many to claim ahead of free places, by host or account: as many as have ended in some 10 ms, since as many will in the
 * next. Where the other side takes its time that is next to none, so what is claimed never waits long.
 *
 * @param now in ms
 */
export const createAhead = (now: () => number) => {
  let ended = new Map<string, number>()
  let endedBefore = new Map<string, number>()
  let since = Number.NEGATIVE_INFINITY

  const moveOn = () => {
    const at = now()
    const passed = at - since
    // A clock that was put back would count on until it is where it was.
    if (passed >= 0 && passed < WINDOW_MS) return
    endedBefore = passed >= 0 && passed < 2 * WINDOW_MS ? ended : new Map()
    ended = new Map()
    since = at
  }

  return {
    /** One of it has ended. */
    add: (key: string): void => {
      moveOn()
      ended.set(key, (ended.get(key) ?? 0) + 1)
    },
    /** Of what none has ended is not in it. */
    counts: (): ReadonlyMap<string, number> => {
      moveOn()
      const counts = new Map(endedBefore)
      for (const [key, count] of ended) counts.set(key, Math.max(count, counts.get(key) ?? 0))
      return counts
    },
  }
}
