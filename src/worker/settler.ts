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
 * Records outcomes, many in one commit. Its promise resolves when the outcome is recorded, to what came of that, and never
 * rejects; it resolves to null where the outcome was dropped.
 *
 * While the database cannot be written, or another session keeps locked what one of them changes, outcomes are kept and tried again
 * after 1 s, 2 s, 4 s and then every 5 s, because what has happened must not be forgotten. When one outcome makes its batch fail for
 * good, each is recorded by itself and the bad one is dropped, so that it stops nobody else; its row is due again when its lease runs out.
 */
export const createSettler = <Settlement, Result>(
  settle: (settlements: readonly Settlement[]) => Promise<readonly Result[]>,
  { clock, emit, event }: SettlerDeps,
): ((settlement: Settlement) => Promise<Result | null>) => {
  const settleEach = async (settlements: readonly Settlement[]): Promise<(Result | null)[]> => {
    const results: (Result | null)[] = []
    for (const one of settlements) results.push(...(await settleAll([one])))
    return results
  }

  const settleAll = async (settlements: readonly Settlement[]): Promise<readonly (Result | null)[]> => {
    for (let failures = 0; ; failures++) {
      try {
        return await settle(settlements)
      } catch (error) {
        const isPassing = error instanceof AppError && error.code === 'unavailable'
        if (!isPassing && settlements.length > 1) return settleEach(settlements)
        if (!isPassing) {
          emit(`${event}.settle_failed`, { error })
          return [null]
        }
        emit(`${event}.settle_delayed`, { error, outcomes: settlements.length })
        await clock.sleep(Math.min(LONGEST_WAIT_MS, SECOND * 2 ** Math.min(failures, 10)))
      }
    }
  }

  return createCoalescer(settleAll)
}

/** So long may it take until the outcome is recorded. */
const RECORD_MS = 5 * SECOND

/**
 * How long a claim holds what it hands out.
 *
 * @param calls how many may be made one after another for one item, each within `timeoutMs`
 */
export const leaseFor = (calls: number, timeoutMs: number): number => calls * timeoutMs + RECORD_MS
