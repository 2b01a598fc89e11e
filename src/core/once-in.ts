/** Reads once in `everyMs` at most, and one at a time: all who ask meanwhile get the last reading, or the one under way. */
export const onceIn = <T>(everyMs: number, read: () => Promise<T>, monotonic: () => number): (() => Promise<T>) => {
  let last: { at: number; reading: Promise<T> } | null = null
  let isReading = false
  return () => {
    const at = monotonic()
    // One that waits, as for a lock, has a connection.
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
