import type { VerbModule } from './context.ts'
import { SEALED, type SealedColumn } from './sealed.ts'
import { snakeCase, type Tx } from './tx.ts'

type Key = string | number

/** Progress of a change of the master key. */
export interface ResealPlace {
  /** Index of the sealed column. */
  column: number
  /** Key of the last row read; null: none yet. */
  after: Key | null
  /** Number of values that this pass has moved. */
  moved: number
}

export interface Resealed {
  moved: number
  /** Rows whose values open under neither key, and stay unchanged; a message by its registration. */
  unreadable: readonly { table: string; id: string }[]
  /** Null once everything that opens is under the current key. */
  next: ResealPlace | null
}

const COLUMNS: readonly SealedColumn[] = Object.values(SEALED)
const FIRST_PLACE: ResealPlace = { column: 0, after: null, moved: 0 }

/** A row with a sealed value, and the columns that it was sealed for. */
type SealedRow = { key: Key; value: Buffer | null } & Readonly<Partial<Record<SealedColumn['owner'][number], string>>>

interface ResealedValue {
  key: Key
  was: Buffer
  becomes: Buffer
}

/**
 * Moves values to a new master key, one batch of rows per transaction, so that it can stop anywhere and continue later.
 * The last column is the canary: once it has moved, so have all others. It moves after a pass that moved nothing else,
 * in case another process still sealed under the earlier key behind the pass.
 */
export const resealingVerbs = {
  loops: ({ sealed: { reseal, keyId }, read, write }) => {
    const isStale = (value: Buffer | null, { emptyLength = 0 }: SealedColumn): value is Buffer =>
      value !== null && value.length !== emptyLength && !value.subarray(0, keyId.length).equals(keyId)

    return {
      /**
       * Reads `limit` sealed values from after the place, and moves those under another master key to the current one.
       * Null begins a change of the key. A value that it does not move opens under no known key.
       */
      reseal: async (from: ResealPlace | null, limit: number): Promise<Resealed> => {
        const place = from ?? FIRST_PLACE
        const column = COLUMNS[place.column]
        if (!column) throw new RangeError(`there is no sealed column ${place.column}`)
        // Rows are read outside of the transaction, which changes only values that are still the same.
        const batch = await read(tx =>
          rowsBehind(tx, column, { after: place.after ?? (column.hasNumericKey ? 0 : ''), limit }),
        )
        const changes: ResealedValue[] = []
        const unreadable: { table: string; id: string }[] = []
        for (const row of batch) {
          const { key, value } = row
          if (!isStale(value, column)) continue
          try {
            changes.push({ key, was: value, becomes: reseal(column, row, value) })
          } catch {
            unreadable.push({ table: nameOf(column), id: row.registrationId ?? String(key) })
          }
        }
        const moved = changes.length === 0 ? 0 : await write(tx => change(tx, column, changes))
        const last = batch.length < limit ? null : (batch.at(-1)?.key ?? null)
        return { moved, unreadable, next: nextOf(place, last, place.moved + moved) }
      },
    }
  },
} satisfies VerbModule

const nextOf = ({ column }: ResealPlace, last: Key | null, moved: number): ResealPlace | null => {
  if (last !== null) return { column, after: last, moved }
  if (column === COLUMNS.length - 2 && moved > 0) return FIRST_PLACE
  return column === COLUMNS.length - 1 ? null : { column: column + 1, after: null, moved }
}

/** The table's name in `Unreadable`. */
const nameOf = ({ table }: SealedColumn): string => (table === 'messageBodies' ? 'messages' : snakeCase(table))

/** Returns the first rows after a key, in key order. */
const rowsBehind = (
  tx: Tx,
  { table, column, key = 'id', owner, only }: SealedColumn,
  behind: { after: Key; limit: number },
): Promise<SealedRow[]> => {
  const named = { key, value: column, ...Object.fromEntries(owner.map(name => [name, name])) }
  const columns = Object.entries(named).map(([name, of]) => `${snakeCase(of)} AS "${name}"`)
  return tx.all(
    `SELECT ${columns.join(', ')} FROM ${snakeCase(table)}
     WHERE ${key} > @after ${only === undefined ? '' : `AND ${key} = @only`} ORDER BY ${key} LIMIT @limit`,
    { ...behind, only },
  )
}

/** Writes only over unchanged values. Returns how many it wrote. */
const change = async (
  tx: Tx,
  { table, column, key = 'id', hasNumericKey }: SealedColumn,
  values: readonly ResealedValue[],
): Promise<number> => {
  // In key order, as in every transaction that locks several rows.
  const rows = await tx.all<{ key: Key; value: Buffer | null }>(
    `SELECT ${key} AS key, ${snakeCase(column)} AS value FROM ${snakeCase(table)}
     WHERE ${key} IN ${tx.dialect.list('keys', hasNumericKey ? 'int8' : 'text')}
     ORDER BY ${key} ${tx.dialect.forUpdate()}`,
    { keys: values.map(one => one.key) },
  )
  const now = new Map(rows.map(row => [row.key, row.value]))
  const same = values.filter(one => now.get(one.key)?.equals(one.was))
  const changed = same.map(one => ({ [key]: one.key, [column]: one.becomes }))
  await tx.update(table, [key as never], changed)
  return changed.length
}

/**
 * Moves everything to the current key, batch by batch. Values that an earlier run has moved cost only their reading.
 *
 * @param how.pause called after each batch that has moved something
 * @param how.onMoved called after each batch with the number of values moved so far
 */
export const resealAll = async (
  reseal: (place: ResealPlace | null, limit: number) => Promise<Resealed>,
  { size, pause, onMoved }: { size: number; pause: () => Promise<void>; onMoved?: (moved: number) => void },
): Promise<Omit<Resealed, 'next'>> => {
  const unreadable = new Map<string, Resealed['unreadable'][number]>()
  let moved = 0
  let place: ResealPlace | null = null
  do {
    const batch: Resealed = await reseal(place, size)
    moved += batch.moved
    onMoved?.(moved)
    // A second pass reads them again.
    for (const one of batch.unreadable) unreadable.set(`${one.table} ${one.id}`, one)
    if (batch.moved > 0) await pause()
    place = batch.next
  } while (place !== null)
  return { moved, unreadable: [...unreadable.values()] }
}
