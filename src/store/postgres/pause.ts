export type Sleep = (ms: number, signal?: AbortSignal) => Promise<unknown>

/** Waits; rejects at once when the signal aborts, even where the timer goes on. */
export const pause = async (sleep: Sleep, ms: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  const ended = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: ended.signal })
  })
  await Promise.race([sleep(ms, signal), aborted]).finally(() => ended.abort())
}
