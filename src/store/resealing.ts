import type { Sealed, SealedColumn } from './sealed.ts'
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

type Key = string | number

/** A row with a sealed value, and the values of what that was sealed for. A text is one that is not sealed. */
export interface SealedRow {
  key: Key
  value: Buffer | string | null
  id: Key
  owner: readonly string[]
}

export interface ResealedValue {
  key: Key
  was: Buffer | string
  becomes: Buffer
}

/** How an engine reads and writes a sealed column. */
export interface ColumnAccess {
  /** The first rows behind a key, in the order of their keys. */
  read(after: Key, limit: number): Promise<SealedRow[]>
  /** In one transaction, and only where the value is still what it was; how many. */
  change(values: readonly ResealedValue[]): Promise<number>
}

/** One batch of a column, from after a key on; `last`: the key of its last row, null where there are no more rows. */
export type ResealBatch = (
  after: Key | null,
  limit: number,
) => Promise<Pick<Resealed, 'moved' | 'unreadable'> & { last: Key | null }>

/** Rows are read outside of the transaction, which then changes only what nobody has changed since. */
const createResealBatch = (
  column: SealedColumn,
  { keyId, access }: { keyId: Buffer; access: ColumnAccess },
): ResealBatch => {
  const isStale = (value: SealedRow['value']): value is Buffer | string =>
    typeof value === 'string'
      ? value !== column.empty
      : value !== null && value.length > 0 && !value.subarray(0, keyId.length).equals(keyId)

  return async (after, limit) => {
    const batch = await access.read(after ?? column.first, limit)
    const changes: ResealedValue[] = []
    const unreadable: { table: string; id: string }[] = []
    for (const { key, value, id, owner } of batch) {
      if (!isStale(value)) continue
      try {
        changes.push({ key, was: value, becomes: column.reseal(value, owner) })
      } catch {
        unreadable.push({ table: column.table, id: String(id) })
      }
    }
    const moved = changes.length === 0 ? 0 : await access.change(changes)
    return { moved, unreadable, last: batch.length < limit ? null : (batch.at(-1)?.key ?? null) }
  }
}

/** Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. */
export const createReseal = (
  { columns, keyId }: Pick<Sealed, 'columns' | 'keyId'>,
  accessTo: (column: SealedColumn) => ColumnAccess,
): Store['reseal'] => {
  const batches = columns.map(column => createResealBatch(column, { keyId, access: accessTo(column) }))
  return async (place, limit) => {
    const at = place ?? FIRST_RESEAL_PLACE
    const resealBatch = batches[at.column]
    if (!resealBatch) throw new RangeError(`there is no sealed column ${at.column}`)
    const { moved, unreadable, last } = await resealBatch(at.after, limit)
    return { moved, unreadable, next: afterResealing(at, { moved, last }, batches.length) }
  }
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
