interface TtlCacheOptions<T> {
  ttlMs: number
  size: number
  now: () => number
  /** Null, what does not exist, is not remembered. */
  load: (key: string) => Promise<T | null>
}

/** Remembers what `load` gave for a moment, the oldest first to go. Callers at the same time share one load. */
export const createTtlCache = <T>({ ttlMs, size, now, load }: TtlCacheOptions<T>) => {
  const entries = new Map<string, { at: number; value: Promise<T | null> }>()

  const forget = (key: string, value: Promise<T | null>): void => {
    if (entries.get(key)?.value === value) entries.delete(key)
  }

  return (key: string): Promise<T | null> => {
    const known = entries.get(key)
    // A clock that was set back must not make an entry live longer.
    if (known && Math.abs(now() - known.at) < ttlMs) return known.value
    const value = load(key)
    entries.delete(key)
    entries.set(key, { at: now(), value })
    for (const oldest of entries.keys()) {
      if (entries.size <= size) break
      entries.delete(oldest)
    }
    value.then(
      loaded => loaded === null && forget(key, value),
      () => forget(key, value),
    )
    return value
  }
}
