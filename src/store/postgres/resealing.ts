import { type ColumnAccess, createReseal, type SealedRow } from '../resealing.ts'
import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { sealedOrTextFrom, sealedOrTextTo } from './drizzle.ts'

export const createResealing = (context: Pick<Context, 'sealed' | 'read' | 'write'>): Pick<Store, 'reseal'> => ({
  reseal: createReseal(context.sealed, column => accessTo(context, column)),
})

const accessTo = ({ read, write }: Pick<Context, 'read' | 'write'>, column: SealedColumn): ColumnAccess => {
  const { rows, lock, update } = statementsOf(column)
  const valueFrom = (value: Buffer | null) =>
    value === null || column.empty === undefined ? value : sealedOrTextFrom(value)
  return {
    read: async (after, limit) => {
      const found = await read(tx => tx.rows<SealedRow & { value: Buffer | null }>(rows, [after, limit]))
      return found.map(row => ({ ...row, value: valueFrom(row.value) }))
    },
    change: values =>
      write(async tx => {
        const keys = values.map(({ key }) => key)
        await tx.rows(lock, [keys])
        const changes = [values.map(({ was }) => sealedOrTextTo(was)), values.map(({ becomes }) => becomes)]
        return (await tx.rows(update, [keys, ...changes])).length
      }),
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
