/** Longer than a claim usually takes. */
const WINDOW_MS = 10

/**
 * Counts how many messages of a host to claim beyond its free slots: as many as attempts ended there in the last 10 ms
 * or so, because as many slots become free in the next 10 ms. A slow host gets next to none, so prefetched messages
 * never wait long.
 *
 * @param monotonic in ms
 */
export const createPrefetch = (monotonic: () => number) => {
  let ended = new Map<string, number>()
  let endedBefore = new Map<string, number>()
  let since = Number.NEGATIVE_INFINITY

  const moveWindow = () => {
    const at = monotonic()
    const passed = at - since
    if (passed < WINDOW_MS) return
    endedBefore = passed < 2 * WINDOW_MS ? ended : new Map()
    ended = new Map()
    since = at
  }

  return {
    /** Call when an attempt at this host has ended. */
    ended: (host: string): void => {
      moveWindow()
      ended.set(host, (ended.get(host) ?? 0) + 1)
    },
    /** By host: the larger count of this window and the previous one, so that it does not drop when a window begins. */
    counts: (): ReadonlyMap<string, number> => {
      moveWindow()
      const counts = new Map(endedBefore)
      for (const [host, count] of ended) counts.set(host, Math.max(count, counts.get(host) ?? 0))
      return counts
    },
  }
}
