import type { Clock } from '../core/clock.ts'

export interface Heartbeat {
  /** Nothing is rung any more. */
  stop(): void
}

/**
 * Rings whoever must look for work that no event announces, such as registrations that have grown old. It goes by a clock that never
 * jumps: setting the system's clock neither silences it nor makes it catch up.
 */
export const startHeartbeat = ({
  everyMs,
  rings,
  clock,
}: {
  everyMs: number
  rings: readonly (() => void)[]
  clock: Pick<Clock, 'sleep'>
}): Heartbeat => {
  const stopping = new AbortController()
  const beat = (): void => {
    clock.sleep(everyMs, stopping.signal).then(
      () => {
        beat()
        for (const ring of rings) ring()
      },
      () => {},
    )
  }
  beat()
  return { stop: () => stopping.abort() }
}
