import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { createCoalescer } from '../store/coalescer.ts'
import type { Emit } from '../telemetry/emit.ts'

type Settling = 'poll' | 'delivery'

/** Short enough that what was kept is recorded within the grace of a stop. */
const LONGEST_WAIT_MS = 5 * SECOND

/** What has come of an outcome: null is one that was dropped; or somebody keeps busy what it changes. */
type Settled<Result> = { result: Result | null } | 'busy'

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
 * While the database cannot be written, outcomes are kept and tried again after 1 s, 2 s, 4 s and then every 5 s, because what has happened must not
 * be forgotten. When one outcome makes its batch fail, each is recorded by itself and the bad one is dropped, so that it
 * stops nobody else; its row is due again when its lease runs out. One that somebody keeps busy is found by halves, and waits apart.
 */
export const createSettler = <Settlement, Result>(
  settle: (settlements: readonly Settlement[]) => Promise<readonly Result[]>,
  { clock, emit, event }: SettlerDeps,
): ((settlement: Settlement) => Promise<Result | null>) => {
  const waitAfter = (failures: number) => clock.sleep(Math.min(LONGEST_WAIT_MS, SECOND * 2 ** Math.min(failures, 10)))

  const settleParts = async (parts: readonly (readonly Settlement[])[]): Promise<Settled<Result>[]> => {
    const settled: Settled<Result>[] = []
    for (const part of parts) settled.push(...(await settleAll(part)))
    return settled
  }

  const settleAll = async (settlements: readonly Settlement[]): Promise<readonly Settled<Result>[]> => {
    const isAlone = settlements.length === 1
    for (let failures = 0; ; failures++) {
      try {
        return (await settle(settlements)).map(result => ({ result }))
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'unavailable')) {
          if (!isAlone) return settleParts(settlements.map(one => [one]))
          emit(`${event}.settle_failed`, { error })
          return [{ result: null }]
        }
        emit(`${event}.settle_delayed`, { error, outcomes: settlements.length })
        if (error.isOfPart) return isAlone ? ['busy'] : settleParts(halvesOf(settlements))
        await waitAfter(failures)
      }
    }
  }

  const settleFirst = createCoalescer(settleAll)
  const settleAgain = createCoalescer(settleAll)

  return async settlement => {
    let settled = await settleFirst(settlement)
    for (let failures = 0; settled === 'busy'; failures++) {
      await waitAfter(failures)
      settled = await settleAgain(settlement)
    }
    return settled.result
  }
}

const halvesOf = <Item>(items: readonly Item[]): (readonly Item[])[] => {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
