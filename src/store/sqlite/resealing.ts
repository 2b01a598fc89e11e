import { type ColumnAccess, createReseal, createResealBatch, type ResealedValue, type SealedRow } from '../resealing.ts'
import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { meta } from './schema.ts'

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

const PLAIN_IN_A_BATCH = 1_000
const DONE = 'metadata_sealed'

/** Whether the file may hold metadata that an earlier version has not sealed. */
export const mayHavePlainMetadata = ({ client }: Pick<Context, 'client'>): boolean =>
  client.prepare('SELECT 1 FROM meta WHERE key = ?').get(DONE) === undefined

/** Seals it, in batches; a start after a kill goes on. */
export const sealPlainMetadata = async (context: Context): Promise<void> => {
  const column = context.sealed.columns.find(({ table }) => table === 'registrations')
  if (!column || !mayHavePlainMetadata(context)) return
  const sealBatch = createResealBatch(column, { keyId: context.sealed.keyId, access: accessTo(context, column) })
  let last: SealedRow['key'] | null = null
  do {
    ;({ last } = await sealBatch(last, PLAIN_IN_A_BATCH))
  } while (last !== null)
  const value = Buffer.from('1')
  await context.write(() => context.db.insert(meta).values({ key: DONE, value }).onConflictDoNothing().run())
}
