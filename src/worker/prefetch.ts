/** Longer than the store usually takes to hand out more. */
const WINDOW_MS = 10

/**
 * How many messages of a host to claim beyond its free slots: as many as attempts have ended there in some 10 ms, because
 * as many slots will become free in the next 10. A slow host gets next to none, so what is prefetched never waits long.
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
    /** An attempt has ended at this host. */
    ended: (host: string): void => {
      moveWindow()
      ended.set(host, (ended.get(host) ?? 0) + 1)
    },
    /** By host. The larger count of this window and the one before, so that the count does not drop when a window has just begun. */
    counts: (): ReadonlyMap<string, number> => {
      moveWindow()
      const counts = new Map(endedBefore)
      for (const [host, count] of ended) counts.set(host, Math.max(count, counts.get(host) ?? 0))
      return counts
    },
  }
}
