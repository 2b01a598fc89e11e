import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { createCoalescer } from '../store/coalescer.ts'
import type { Emit } from '../telemetry/emit.ts'

type Settling = 'poll' | 'delivery'

/** Short enough that what was kept is recorded within the grace of a stop. */
const LONGEST_WAIT_MS = 5 * SECOND

interface SettlerDeps {
  clock: Pick<Clock, 'sleep'>
  emit: Emit<`${Settling}.settle_${'delayed' | 'failed'}`>
  /** How the names of its events begin. */
  event: Settling
}

/**
 * Records outcomes, many in one commit. Its promise resolves when the outcome is recorded, and never rejects.
 *
 * While the database cannot be written, outcomes are kept and tried again after 1 s, 2 s, 4 s and then every 5 s, because what has happened must not
 * be forgotten. When one outcome makes its batch fail, each is recorded by itself and the bad one is dropped, so that it
 * stops nobody else; its row is due again when its lease runs out.
 */
export const createSettler = <Settlement>(
  settle: (settlements: readonly Settlement[]) => Promise<void>,
  { clock, emit, event }: SettlerDeps,
): ((settlement: Settlement) => Promise<void>) => {
  /** Returns null once it is written, or the error if trying again would not help. */
  const trySettle = async (settlements: readonly Settlement[]): Promise<{ error: unknown } | null> => {
    for (let failures = 0; ; failures++) {
      try {
        await settle(settlements)
        return null
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'unavailable')) return { error }
        emit(`${event}.settle_delayed`, { error, outcomes: settlements.length })
        await clock.sleep(Math.min(LONGEST_WAIT_MS, SECOND * 2 ** Math.min(failures, 10)))
      }
    }
  }

  const settleEach = async (settlements: readonly Settlement[]): Promise<void> => {
    for (const settlement of settlements) {
      const failure = await trySettle([settlement])
      if (failure) emit(`${event}.settle_failed`, failure)
    }
  }

  return createCoalescer(async settlements => {
    const failure = await trySettle(settlements)
    if (failure && settlements.length === 1) emit(`${event}.settle_failed`, failure)
    else if (failure) await settleEach(settlements)
    return settlements.map(() => undefined)
  })
}
