import { afterResealing, FIRST_RESEAL_PLACE } from '../resealing.ts'
import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import { sealedOrTextFrom } from './columns.ts'
import type { Context } from './context.ts'

type Key = string | number
/** `owner`: the columns of what the value was sealed for. */
interface Row {
  key: Key
  value: Buffer | null
  id: Key
  owner: string[]
}

/** Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. */
export const createResealing = (context: Pick<Context, 'sealed' | 'read' | 'write'>): Pick<Store, 'reseal'> => {
  const columns = context.sealed.columns.map(column => createColumn(context, column))

  return {
    reseal: async (place, limit) => {
      const at = place ?? FIRST_RESEAL_PLACE
      const resealBatch = columns[at.column]
      if (!resealBatch) throw new RangeError(`there is no sealed column ${at.column}`)
      const { moved, unreadable, last } = await resealBatch(at.after, limit)
      return { moved, unreadable, next: afterResealing(at, { moved, last }, columns.length) }
    },
  }
}

/**
 * One batch of a column, from after a key on. Rows are read outside of the transaction, which then changes only what nobody has
 * changed since.
 */
const createColumn = ({ sealed, read, write }: Pick<Context, 'sealed' | 'read' | 'write'>, column: SealedColumn) => {
  const { rows, lock, update } = statementsOf(column)
  const isEmpty = (value: Buffer): boolean =>
    column.empty === undefined ? value.length === 0 : sealedOrTextFrom(value) === column.empty
  const isStale = (value: Buffer | null): value is Buffer =>
    value !== null && !isEmpty(value) && !value.subarray(0, sealed.keyId.length).equals(sealed.keyId)

  return async (after: Key | null, limit: number) => {
    const batch = await read(tx => tx.rows<Row>(rows, [after ?? column.first, limit]))
    const changes: { key: Key; was: Buffer; becomes: Buffer }[] = []
    const unreadable: { table: string; id: string }[] = []
    for (const { key, value, id, owner } of batch) {
      if (!isStale(value)) continue
      try {
        changes.push({ key, was: value, becomes: column.reseal(value, owner) })
      } catch {
        unreadable.push({ table: column.table, id: String(id) })
      }
    }
    const keys = changes.map(({ key }) => key)
    const values = [keys, changes.map(({ was }) => was), changes.map(({ becomes }) => becomes)]
    const moved =
      changes.length === 0
        ? 0
        : await write(async tx => {
            await tx.rows(lock, [keys])
            return (await tx.rows(update, values)).length
          })
    return { moved, unreadable, last: batch.length < limit ? null : (batch.at(-1)?.key ?? null) }
  }
}

/** What messages say stands in a table of its own. */
const tableOf = ({ table }: Pick<SealedColumn, 'table'>): string => (table === 'messages' ? 'message_bodies' : table)

const statementsOf = ({ column, key, first, only, id, owner, ...of }: SealedColumn) => {
  const table = tableOf(of)
  const type = typeof first === 'number' ? 'bigint' : 'text'
  const one = only === undefined ? '' : `AND ${key} = '${only}'`
  return {
    rows: `
      SELECT ${key} AS key, ${column} AS value, ${id} AS id, ARRAY[${owner.join(', ')}]::text[] AS owner FROM ${table}
      WHERE ${key} > $1 ${one} ORDER BY ${key} LIMIT $2`,
    /** In the order of their keys, as all do who lock several. */
    lock: `SELECT FROM ${table} WHERE ${key} = ANY($1::${type}[]) ORDER BY ${key} FOR NO KEY UPDATE`,
    update: `
      UPDATE ${table} SET ${column} = v.becomes
      FROM unnest($1::${type}[], $2::bytea[], $3::bytea[]) AS v(key, was, becomes)
      WHERE ${table}.${key} = v.key AND ${table}.${column} = v.was RETURNING 1`,
  }
}
