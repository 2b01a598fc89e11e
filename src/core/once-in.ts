/** Reads at most once per `everyMs`, one at a time; callers in between share the last reading or the one under way. */
export const onceIn = <T>(everyMs: number, read: () => Promise<T>, monotonic: () => number): (() => Promise<T>) => {
  let last: { at: number; reading: Promise<T> } | null = null
  let isReading = false
  return () => {
    const at = monotonic()
    // A reading that waits, as for a lock, holds a connection.
    if (last === null || (!isReading && at - last.at >= everyMs)) {
      isReading = true
      const reading = read().finally(() => {
        isReading = false
      })
      last = { at, reading }
    }
    return last.reading
  }
}
