import type { Store } from './store.ts'

/** How far a change of the master key has come. */
export interface ResealPlace {
  /** Which of the sealed columns. */
  column: number
  /** The key of the last row that was looked at; null: none yet. */
  after: string | number | null
  /** How many values this pass has moved. */
  moved: number
}

export interface Resealed {
  moved: number
  /** What opens under neither key, and stays as it is. */
  unreadable: readonly { table: string; id: string }[]
  /** Null: everything that opens is under the current key. */
  next: ResealPlace | null
}

export const FIRST_RESEAL_PLACE: ResealPlace = { column: 0, after: null, moved: 0 }

/**
 * Where to go on. The last column is the canary, which tells that all others have moved; so it moves after a pass that found
 * nothing to move, in case somebody still sealed under the earlier key behind it.
 *
 * @param batch.last the key of the last row; null: there are no more rows in the column
 */
export const afterResealing = (
  { column, moved }: ResealPlace,
  batch: { moved: number; last: string | number | null },
  columns: number,
): ResealPlace | null => {
  const pass = moved + batch.moved
  if (batch.last !== null) return { column, after: batch.last, moved: pass }
  const isBeforeCanary = column === columns - 2
  if (isBeforeCanary && pass > 0) return FIRST_RESEAL_PLACE
  return column === columns - 1 ? null : { column: column + 1, after: null, moved: pass }
}

/**
 * Moves everything to the current key, batch by batch. What a run before it has moved is passed over as fast as it can be read.
 *
 * @param how.pause after each batch that has moved something
 * @param how.onMoved told after each batch how many values have moved so far
 */
export const resealAll = async (
  reseal: Store['reseal'],
  { size, pause, onMoved }: { size: number; pause: () => Promise<void>; onMoved?: (moved: number) => void },
): Promise<Omit<Resealed, 'next'>> => {
  const unreadable = new Map<string, Resealed['unreadable'][number]>()
  let moved = 0
  let place: ResealPlace | null = null
  do {
    const batch: Resealed = await reseal(place, size)
    moved += batch.moved
    onMoved?.(moved)
    // A second pass meets them again.
    for (const one of batch.unreadable) unreadable.set(`${one.table} ${one.id}`, one)
    if (batch.moved > 0) await pause()
    place = batch.next
  } while (place !== null)
  return { moved, unreadable: [...unreadable.values()] }
}
