import type { Clock } from '../core/clock.ts'
import { MINUTE } from '../core/duration.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Round } from './rounds.ts'

type Queue = 'poll' | 'delivery'

/** Rounds fail each second while the database cannot be written. */
const TOLD_EVERY_MS = MINUTE

/**
 * Reports the first of the rounds that fail in a row, from then on how many they are, once a minute, and once that they work again.
 *
 * @param deps.event how the names of its events begin
 */
export const createRoundAlerts = ({
  emit,
  event,
  clock,
}: {
  emit: Emit<`${Queue}.round_${'failed' | 'recovered'}`>
  event: Queue
  clock: Pick<Clock, 'monotonic'>
}) => {
  let failures = 0
  let toldAt = 0

  const recovered = () => {
    if (failures > 0) emit(`${event}.round_recovered`, { failures })
    failures = 0
  }

  return {
    failed: (error: unknown): void => {
      failures++
      const now = clock.monotonic()
      if (failures > 1 && now - toldAt < TOLD_EVERY_MS) return
      toldAt = now
      emit(`${event}.round_failed`, { error, failures })
    },
    /** The same rounds; one that works ends the row of failures. */
    watched: (run: () => Promise<Round>) => async (): Promise<Round> => {
      const round = await run()
      recovered()
      return round
    },
  }
}
