import type { Clock } from '../core/clock.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Round } from './rounds.ts'

type Queue = 'poll' | 'delivery'

/** Rounds fail each second while the database cannot be written. */
const TOLD_EVERY_MS = MINUTE
/** While a table is locked, rounds that find nothing to claim come between those that fail. */
const QUIET_MS = 15 * SECOND

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
  let failedAt = 0

  const recovered = () => {
    if (failures > 0) emit(`${event}.round_recovered`, { failures })
    failures = 0
  }

  return {
    failed: (error: unknown): void => {
      failures++
      const now = clock.monotonic()
      failedAt = now
      if (failures > 1 && now - toldAt < TOLD_EVERY_MS) return
      toldAt = now
      emit(`${event}.round_failed`, { error, failures })
    },
    /** The same rounds. One that claims something ends the row of failures; so do those that find nothing, once none has failed for a while. */
    watched: (run: () => Promise<Round>) => async (): Promise<Round> => {
      const round = await run()
      if (round.claimed > 0 || clock.monotonic() - failedAt >= QUIET_MS) recovered()
      return round
    },
  }
}
