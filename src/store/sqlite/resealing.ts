import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<Store, 'reseal'>
type Key = string | number

/** Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. */
export const createResealing = ({ client, sealed, write }: Context): Verbs => {
  const columns = sealed.columns.map(column => ({ ...column, ...prepare(client, column) }))
  return {
    reseal: limit =>
      write(() => {
        let resealed = 0
        for (const { stale, update, reseal } of columns) {
          for (const [key, value, ...owner] of stale.all(sealed.keyId, limit - resealed)) {
            update.run(reseal(value, owner), key)
            resealed++
          }
          if (resealed >= limit) break
        }
        return resealed
      }),
  }
}

const prepare = (client: Context['client'], { table, column, key, only, owner }: SealedColumn) => {
  const one = only === undefined ? '' : `AND ${key} = '${only}'`
  return {
    stale: client
      .prepare<[keyId: Buffer, limit: number], [Key, sealed: Buffer, ...owner: string[]]>(`
      SELECT ${[key, column, ...owner].join(', ')} FROM ${table}
      WHERE length(${column}) > 0 AND substr(${column}, 1, 4) <> ? ${one} LIMIT +?`)
      .raw(),
    update: client.prepare<[Buffer, Key]>(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`),
  }
}
