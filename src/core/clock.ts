/** Where time comes from. src/app wires the system's; tests pass one that stands still. */
export interface Clock {
  /** Epoch ms. It may jump when the system's clock is set. */
  now(): number
  /** ms since an arbitrary moment. It never jumps. */
  monotonic(): number
  /** ms that this thread has worked: what others have of the machine meanwhile does not count. */
  threadCpu(): number
  /** Resolves after `ms`. Rejects at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Resolves in the next turn of the event loop: others go first on this thread. */
export const yieldToLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Waits for the end of something, for so long at most; then `onLate` says what is wrong, if it is. */
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

/** Null is never. */
export const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)
