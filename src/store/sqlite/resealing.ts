import { type ColumnAccess, createReseal, type ResealedValue, type SealedRow } from '../resealing.ts'
import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'

type Row = [SealedRow['key'], SealedRow['value'], id: SealedRow['id'], ...owner: string[]]

export const createResealing = (context: Context): Pick<Store, 'reseal'> => ({
  reseal: createReseal(context.sealed, column => accessTo(context, column)),
})

const accessTo = (
  { client, read, write }: Context,
  { table, column, key, only, id, owner }: SealedColumn,
): ColumnAccess => {
  const one = only === undefined ? '' : `AND ${key} = '${only}'`
  const rows = client
    .prepare<[after: SealedRow['key'], limit: number], Row>(`
      SELECT ${[key, column, id, ...owner].join(', ')} FROM ${table}
      WHERE ${key} > +? ${one} ORDER BY ${key} LIMIT +?`)
    .raw()
  const update = client.prepare<ResealedValue>(
    `UPDATE ${table} SET ${column} = @becomes WHERE ${key} = @key AND ${column} = @was`,
  )
  return {
    read: async (after, limit) => {
      const found = await read(() => rows.all(after, limit))
      return found.map(([key, value, id, ...owner]) => ({ key, value, id, owner }))
    },
    change: values => write(() => values.reduce((sum, value) => sum + update.run(value).changes, 0)),
  }
}
