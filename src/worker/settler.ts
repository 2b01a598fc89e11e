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

interface SettlerDeps<Settlement> {
  clock: Pick<Clock, 'sleep'>
  emit: Emit<`${Settling}.settle_${'delayed' | 'failed'}`>
  /** How the names of its events begin. */
  event: Settling
  /** Whose an outcome is: what keeps one busy, as its owner's row, may keep all of that owner. Null, as unless given: nobody's. */
  ownerOf?: (settlement: Settlement) => string | null
}

/**
 * Records outcomes, many in one commit. Its promise resolves when the outcome is recorded, to what came of that, and never
 * rejects; it resolves to null where the outcome was dropped.
 *
 * While the database cannot be written, outcomes are kept and tried again after 1 s, 2 s, 4 s and then every 5 s, because what has happened must not
 * be forgotten. When one outcome makes its batch fail, each is recorded by itself and the bad one is dropped, so that it
 * stops nobody else; its row is due again when its lease runs out. One that somebody keeps busy is found by halves, and waits apart. Each
 * half may wait for a lock, so those of its owner are looked through beside those of others, which do not wait for that.
 */
export const createSettler = <Settlement, Result>(
  settle: (settlements: readonly Settlement[]) => Promise<readonly Result[]>,
  { clock, emit, event, ownerOf = () => null }: SettlerDeps<Settlement>,
): ((settlement: Settlement) => Promise<Result | null>) => {
  type Settle = (settlements: readonly Settlement[]) => Promise<readonly Settled<Result>[]>
  /** Owners of whom something is busy, and of how much that is so. */
  const held = new Map<string, number>()

  const waitAfter = (failures: number) => clock.sleep(Math.min(LONGEST_WAIT_MS, SECOND * 2 ** Math.min(failures, 10)))

  const inParts = async (parts: readonly (readonly Settlement[])[], settlePart: Settle): Promise<Settled<Result>[]> => {
    const settled: Settled<Result>[] = []
    for (const part of parts) settled.push(...(await settlePart(part)))
    return settled
  }

  /** @param ifBusy what is done with several that fail because something is busy */
  const settling = (ifBusy: Settle): Settle => {
    const settleAll: Settle = async settlements => {
      const isAlone = settlements.length === 1
      for (let failures = 0; ; failures++) {
        try {
          return (await settle(settlements)).map(result => ({ result }))
        } catch (error) {
          if (!(error instanceof AppError && error.code === 'unavailable')) {
            if (!isAlone)
              return inParts(
                settlements.map(one => [one]),
                settleAll,
              )
            emit(`${event}.settle_failed`, { error })
            return [{ result: null }]
          }
          emit(`${event}.settle_delayed`, { error, outcomes: settlements.length })
          if (error.isOfPart) return isAlone ? ['busy'] : ifBusy(settlements)
          await waitAfter(failures)
        }
      }
    }
    return settleAll
  }

  const settleByHalves: Settle = settling(settlements => inParts(halvesOf(settlements), settleByHalves))

  const settleByOwners: Settle = settling(async settlements => {
    const owners = new Set(settlements.map(ownerOf))
    if (owners.has(null)) return inParts(halvesOf(settlements), settleByHalves)
    if (owners.size === 1) return settlements.map(() => 'busy')
    const places = [...Map.groupBy(settlements.keys(), place => ownerOf(settlements[place] as Settlement)).values()]
    const settled = await inParts(
      places.map(of => of.map(place => settlements[place] as Settlement)),
      settleByOwners,
    )
    const byPlace = new Map(places.flat().map((place, nth) => [place, settled[nth] as Settled<Result>]))
    return settlements.map((_, place) => byPlace.get(place) as Settled<Result>)
  })

  const [settleFirst, settleApart, settleAgain] = [settleByOwners, settleByHalves, settleByHalves].map(run =>
    createCoalescer(run),
  ) as [Lane, Lane, Lane]
  type Lane = (settlement: Settlement) => Promise<Settled<Result>>

  const settleBusy = async (settlement: Settlement): Promise<Result | null> => {
    for (let failures = 0; ; failures++) {
      await waitAfter(failures)
      const settled = await settleAgain(settlement)
      if (settled !== 'busy') return settled.result
    }
  }

  const settleHeld = async (owner: string, settlement: Settlement): Promise<Result | null> => {
    held.set(owner, (held.get(owner) ?? 0) + 1)
    try {
      const settled = await settleApart(settlement)
      return settled === 'busy' ? await settleBusy(settlement) : settled.result
    } finally {
      const left = (held.get(owner) ?? 1) - 1
      if (left === 0) held.delete(owner)
      else held.set(owner, left)
    }
  }

  return async settlement => {
    const owner = ownerOf(settlement)
    if (owner !== null && held.has(owner)) return settleHeld(owner, settlement)
    const settled = await settleFirst(settlement)
    if (settled !== 'busy') return settled.result
    return owner === null ? settleBusy(settlement) : settleHeld(owner, settlement)
  }
}

const halvesOf = <Item>(items: readonly Item[]): (readonly Item[])[] => {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
