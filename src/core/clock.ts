/** Source of time: the system's clocks, wired in src/app; in tests, one that stands still. */
export interface Clock {
  /** Epoch ms. It may jump when the system's clock is set. */
  now(): number
  /** ms since an arbitrary moment. It never jumps. */
  monotonic(): number
  /** CPU time of this thread in ms; that of other threads and processes does not count. */
  threadCpu(): number
  /** Resolves after `ms`. Rejects at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Resolves in the next turn of the event loop, so that other work on this thread runs first. */
export const yieldToLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Waits for `ended`, but at most `ms`: then it calls `onLate`, which may throw. */
export const within = async (
  { sleep }: Pick<Clock, 'sleep'>,
  ms: number,
  ended: Promise<unknown>,
  onLate = () => {},
): Promise<void> => {
  const limit = new AbortController()
  const timeout = sleep(ms, limit.signal).then(onLate)
  await Promise.race([ended, timeout]).finally(() => limit.abort(null))
}

/** The earlier of two times; null stands for never. */
export const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)
