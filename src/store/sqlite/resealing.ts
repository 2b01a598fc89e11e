import { afterResealing, FIRST_RESEAL_PLACE } from '../resealing.ts'
import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'reseal'>
type Key = string | number
type Row = [Key, sealed: Buffer | null, id: Key, ...owner: string[]]

/**
 * Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. Rows are read
 * outside of the transaction, which then changes only what nobody has changed since.
 */
export const createResealing = ({ client, sealed, read, write }: Context): Verbs => {
  const columns = sealed.columns.map(column => ({ ...column, ...prepare(client, column) }))
  const isStale = (value: Buffer | null): value is Buffer =>
    value !== null && value.length > 0 && !value.subarray(0, sealed.keyId.length).equals(sealed.keyId)

  return {
    reseal: async (place, limit) => {
      const at = place ?? FIRST_RESEAL_PLACE
      const column = columns[at.column]
      if (!column) throw new RangeError(`there is no sealed column ${at.column}`)
      const rows = await read(() => column.rows.all(at.after ?? column.first, limit))
      const changes: { key: Key; was: Buffer; becomes: Buffer }[] = []
      const unreadable: { table: string; id: string }[] = []
      for (const [key, value, id, ...owner] of rows) {
        if (!isStale(value)) continue
        try {
          changes.push({ key, was: value, becomes: column.reseal(value, owner) })
        } catch {
          unreadable.push({ table: column.table, id: String(id) })
        }
      }
      const moved = changes.length === 0 ? 0 : await write(() => changeAll(column, changes))
      const last = rows.length < limit ? null : (rows.at(-1)?.[0] ?? null)
      return { moved, unreadable, next: afterResealing(at, { moved, last }, columns.length) }
    },
  }
}

const changeAll = (
  { update }: ReturnType<typeof prepare>,
  changes: readonly { key: Key; was: Buffer; becomes: Buffer }[],
): number => changes.reduce((sum, { key, was, becomes }) => sum + update.run(becomes, key, was).changes, 0)

const prepare = (client: Context['client'], { table, column, key, only, id, owner }: SealedColumn) => {
  const one = only === undefined ? '' : `AND ${key} = '${only}'`
  return {
    rows: client
      .prepare<[after: Key, limit: number], Row>(`
      SELECT ${[key, column, id, ...owner].join(', ')} FROM ${table}
      WHERE ${key} > +? ${one} ORDER BY ${key} LIMIT +?`)
      .raw(),
    update: client.prepare<[becomes: Buffer, Key, was: Buffer]>(
      `UPDATE ${table} SET ${column} = ? WHERE ${key} = ? AND ${column} = ?`,
    ),
  }
}
