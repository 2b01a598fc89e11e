/** Counts, by key, what has started and not ended. */
export const createInFlight = <Key = string>() => {
  const counts = new Map<Key, number>()
  let total = 0
  let idle: (() => void)[] = []

  return {
    counts: counts as ReadonlyMap<Key, number>,
    total: () => total,
    start: (key: Key) => {
      total++
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    end: (key: Key) => {
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
