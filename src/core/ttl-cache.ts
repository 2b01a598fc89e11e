import { setNewest } from './bounded-map.ts'

interface TtlCacheOptions<T> {
  ttlMs: number
  /** Maximum number of entries; beyond it the oldest is dropped. */
  size: number
  now: () => number
  load: (key: string) => Promise<T | null>
}

/** Caches the results of `load`, except null and errors. Concurrent calls share one load. */
export const createTtlCache = <T>({ ttlMs, size, now, load }: TtlCacheOptions<T>) => {
  const entries = new Map<string, { at: number; value: Promise<T | null> }>()

  const forget = (key: string, value: Promise<T | null>): void => {
    if (entries.get(key)?.value === value) entries.delete(key)
  }

  return (key: string): Promise<T | null> => {
    const cached = entries.get(key)
    // An entry does not live longer when the clock is set back.
    if (cached && Math.abs(now() - cached.at) < ttlMs) return cached.value
    const value = load(key)
    setNewest(entries, size, [key, { at: now(), value }])
    value.then(
      loaded => loaded === null && forget(key, value),
      () => forget(key, value),
    )
    return value
  }
}
