import type { Clock } from '../core/clock.ts'
import { createCoalescer } from '../core/coalescer.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import type { Emit } from '../telemetry/emit.ts'

type Settling = 'poll' | 'delivery'

/** Short enough that what was kept is recorded within the grace of a stop. */
const LONGEST_WAIT_MS = 5 * SECOND

/** Of a batch that has failed. Those that are locked each take a while to fail. */
const ONE_BY_ONE_MS = 10 * SECOND

interface SettlerDeps {
  clock: Pick<Clock, 'monotonic' | 'sleep'>
  emit: Emit<`${Settling}.settle_${'delayed' | 'failed'}`>
  /** How the names of its events begin. */
  event: Settling
}

/** What has come of a try; an error: nothing is recorded. */
type Tried<Result> = { result: Result } | { error: unknown } | 'untried'

const isPassing = (error: unknown): boolean => error instanceof AppError && error.code === 'unavailable'

/**
 * Records outcomes, many in one commit. Its promise resolves when the outcome is recorded, to what came of that, and never
 * rejects; it resolves to null where the outcome was dropped.
 *
 * Where a batch fails, each of it is recorded by itself, so that none stops the others. What fails while the database cannot be
 * written, or another session keeps locked what it changes, is kept and tried again after 1 s, 2 s, 4 s and then every 5 s, because
 * what has happened must not be forgotten. What fails for good is dropped; its row is due again when its lease runs out.
 */
export const createSettler = <Settlement, Result>(
  settle: (settlements: readonly Settlement[]) => Promise<readonly Result[]>,
  { clock, emit, event }: SettlerDeps,
): ((settlement: Settlement) => Promise<Result | null>) => {
  const tryEach = async (settlements: readonly Settlement[]): Promise<Tried<Result>[]> => {
    const until = clock.monotonic() + ONE_BY_ONE_MS
    const tried: Tried<Result>[] = []
    for (const one of settlements) {
      if (clock.monotonic() < until) tried.push(...(await tryAll([one])))
      else tried.push('untried')
    }
    return tried
  }

  const tryAll = async (settlements: readonly Settlement[]): Promise<Tried<Result>[]> => {
    try {
      return (await settle(settlements)).map(result => ({ result }))
    } catch (error) {
      return settlements.length === 1 ? [{ error }] : tryEach(settlements)
    }
  }

  const attempt = createCoalescer(async (settlements: readonly Settlement[]) => {
    const tried = await tryAll(settlements)
    const delayed = tried.flatMap(one => (one !== 'untried' && 'error' in one && isPassing(one.error) ? one.error : []))
    if (delayed.length > 0) emit(`${event}.settle_delayed`, { error: delayed[0], outcomes: delayed.length })
    return tried
  })

  return async settlement => {
    for (let failures = 0; ; ) {
      const tried = await attempt(settlement)
      if (tried === 'untried') continue
      if ('result' in tried) return tried.result
      if (!isPassing(tried.error)) {
        emit(`${event}.settle_failed`, { error: tried.error })
        return null
      }
      await clock.sleep(Math.min(LONGEST_WAIT_MS, SECOND * 2 ** Math.min(failures++, 10)))
    }
  }
}

/** So long may it take until the outcome is recorded. */
const RECORD_MS = 5 * SECOND

/**
 * How long a claim holds what it hands out.
 *
 * @param calls how many may be made one after another for one item, each within `timeoutMs`
 */
export const leaseFor = (calls: number, timeoutMs: number): number => calls * timeoutMs + RECORD_MS
