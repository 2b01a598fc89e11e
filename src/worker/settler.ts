import type { Clock } from '../core/clock.ts'
import { createCoalescer } from '../core/coalescer.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { createInFlight } from '../core/keyed-limiter.ts'
import type { Emit } from '../telemetry/emit.ts'

type Settling = 'poll' | 'delivery'

/** Maximum delay between tries, short enough to record kept outcomes within the grace period of a stop. */
const MAX_WAIT_MS = 5 * SECOND

interface SettlerDeps<Settlement> {
  clock: Pick<Clock, 'sleep'>
  emit: Emit<`${Settling}.settle_${'delayed' | 'failed'}`>
  /** Prefix of the event names. */
  event: Settling
  /** Returns the partner of the outcome. */
  ownerOf: (settlement: Settlement) => string
}

/** Result of one try. With an error, nothing is recorded. */
type Tried<Result> = { result: Result } | { error: unknown } | 'untried'

const isPassing = (error: unknown): boolean => error instanceof AppError && error.code === 'unavailable'

/**
 * Records outcomes, many in one commit. Resolves with the result once the outcome is recorded, or with null if it was
 * dropped; never rejects.
 *
 * While the database cannot be written, or another session locks the rows, outcomes are kept and tried again after 1 s,
 * 2 s, 4 s and then every 5 s, because an outcome must not be lost. If a batch fails, each partner's part of it is
 * recorded separately, and then each outcome. Partners with a waiting outcome have a separate queue and so do not hold
 * up the others. An outcome that fails for good is dropped; its row is due again when its lease ends.
 */
export const createSettler = <Settlement, Result>(
  settle: (settlements: readonly Settlement[]) => Promise<readonly Result[]>,
  { clock, emit, event, ownerOf }: SettlerDeps<Settlement>,
): ((settlement: Settlement) => Promise<Result | null>) => {
  const waiting = createInFlight()

  const tryAll = async (
    settlements: readonly Settlement[],
    onFailed = (_error: unknown): void => {},
  ): Promise<Tried<Result>[]> => {
    try {
      return (await settle(settlements)).map(result => ({ result }))
    } catch (error) {
      onFailed(error)
      return settlements.length === 1 ? [{ error }] : tryParts(settlements)
    }
  }

  const tryParts = async (settlements: readonly Settlement[]): Promise<Tried<Result>[]> => {
    const owned = [...Map.groupBy(settlements, ownerOf).values()]
    const parts = owned.length > 1 ? owned : settlements.map(one => [one])
    const tried = new Map<Settlement, Tried<Result>>()
    for (const part of parts) {
      const outcomes = await tryAll(part)
      for (const [i, outcome] of outcomes.entries()) tried.set(part[i] as Settlement, outcome)
      const [last] = outcomes
      // The outcomes behind a locked one are queued again and go first while it waits.
      if (owned.length === 1 && last && last !== 'untried' && 'error' in last && isPassing(last.error)) break
    }
    return settlements.map(one => tried.get(one) ?? 'untried')
  }

  const run = (settlements: readonly Settlement[]) =>
    tryAll(settlements, error => {
      if (isPassing(error)) emit(`${event}.settle_delayed`, { error, outcomes: settlements.length })
    })
  const record = createCoalescer(run)
  const recordWaiting = createCoalescer(run)

  return async settlement => {
    const owner = ownerOf(settlement)
    let failures = 0
    try {
      for (;;) {
        const tried = await (waiting.counts.has(owner) ? recordWaiting : record)(settlement)
        if (tried === 'untried') continue
        if ('result' in tried) return tried.result
        if (!isPassing(tried.error)) {
          emit(`${event}.settle_failed`, { error: tried.error })
          return null
        }
        if (failures === 0) waiting.start(owner)
        await clock.sleep(Math.min(MAX_WAIT_MS, SECOND * 2 ** Math.min(failures++, 10)))
      }
    } finally {
      if (failures > 0) waiting.end(owner)
    }
  }
}

/** Time for recording the outcome. */
const RECORD_MS = 5 * SECOND

/**
 * Returns how long a claim holds its rows, in ms.
 *
 * @param calls maximum consecutive calls per row, each within `timeoutMs`
 */
export const leaseFor = (calls: number, timeoutMs: number): number => calls * timeoutMs + RECORD_MS
