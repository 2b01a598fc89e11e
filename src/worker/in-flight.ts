/** Counts, by key, what has started and not ended. */
export const createInFlight = () => {
  const counts = new Map<string, number>()
  let total = 0
  let idle: (() => void)[] = []

  return {
    counts: counts as ReadonlyMap<string, number>,
    total: () => total,
    start: (key: string) => {
      total++
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    end: (key: string) => {
      const left = (counts.get(key) ?? 1) - 1
      if (left === 0) counts.delete(key)
      else counts.set(key, left)
      if (--total > 0) return
      for (const resolve of idle) resolve()
      idle = []
    },
    /** Resolves when everything has ended. */
    whenIdle: (): Promise<void> => (total === 0 ? Promise.resolve() : new Promise(resolve => idle.push(resolve))),
  }
}
