import type { Sealed, SealedColumn } from './sealed.ts'
import type { Store } from './store.ts'

type Key = string | number

/** How far a change of the master key has come. */
export interface ResealPlace {
  /** Which of the sealed columns. */
  column: number
  /** The key of the last row that was read; null: none yet. */
  after: Key | null
  /** How many values this pass has moved. */
  moved: number
}

export interface Resealed {
  moved: number
  /** The rows whose values open under neither key, and stay as they are. */
  unreadable: readonly { table: string; id: string }[]
  /** Null: everything that opens is under the current key. */
  next: ResealPlace | null
}

const FIRST_PLACE: ResealPlace = { column: 0, after: null, moved: 0 }

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

/**
 * Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. The last column is the
 * canary, which tells that all others have moved; so it moves after a pass that found nothing to move, in case somebody still sealed
 * under the earlier key behind it.
 */
export const createReseal = (
  { columns, keyId }: Pick<Sealed, 'columns' | 'keyId'>,
  accessTo: (column: SealedColumn) => ColumnAccess,
): Store['reseal'] => {
  const accesses = columns.map(accessTo)

  const isStale = (value: SealedRow['value'], { empty }: SealedColumn): value is Buffer | string =>
    typeof value === 'string'
      ? value !== empty
      : value !== null && value.length > 0 && !value.subarray(0, keyId.length).equals(keyId)

  const nextOf = ({ column }: ResealPlace, last: Key | null, moved: number): ResealPlace | null => {
    if (last !== null) return { column, after: last, moved }
    if (column === columns.length - 2 && moved > 0) return FIRST_PLACE
    return column === columns.length - 1 ? null : { column: column + 1, after: null, moved }
  }

  return async (from, limit) => {
    const place = from ?? FIRST_PLACE
    const [column, access] = [columns[place.column], accesses[place.column]]
    if (!column || !access) throw new RangeError(`there is no sealed column ${place.column}`)
    // Rows are read outside of the transaction, which then changes only what nobody has changed since.
    const batch = await access.read(place.after ?? column.first, limit)
    const changes: ResealedValue[] = []
    const unreadable: { table: string; id: string }[] = []
    for (const { key, value, id, owner } of batch) {
      if (!isStale(value, column)) continue
      try {
        changes.push({ key, was: value, becomes: column.reseal(value, owner) })
      } catch {
        unreadable.push({ table: column.table, id: String(id) })
      }
    }
    const moved = changes.length === 0 ? 0 : await access.change(changes)
    const last = batch.length < limit ? null : (batch.at(-1)?.key ?? null)
    return { moved, unreadable, next: nextOf(place, last, place.moved + moved) }
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
