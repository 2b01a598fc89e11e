import { afterResealing, FIRST_RESEAL_PLACE } from '../resealing.ts'
import type { SealedColumn } from '../sealed.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { meta } from './schema.ts'

type Verbs = Pick<Store, 'reseal'>
type Key = string | number
/** A text is metadata that an earlier version has not sealed. */
type Value = Buffer | string
type Row = [Key, Value | null, id: Key, ...owner: string[]]

/** Moves to a new master key, a batch of rows in a transaction, so that it can stop anywhere and go on later. */
export const createResealing = (context: Context): Verbs => {
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
const createColumn = ({ client, sealed, read, write }: Context, column: SealedColumn) => {
  const { rows, update } = prepare(client, column)
  const isStale = (value: Value | null): value is Value =>
    typeof value === 'string'
      ? value !== column.empty
      : value !== null && value.length > 0 && !value.subarray(0, sealed.keyId.length).equals(sealed.keyId)

  return async (after: Key | null, limit: number) => {
    const batch = await read(() => rows.all(after ?? column.first, limit))
    const changes: { key: Key; was: Value; becomes: Value }[] = []
    const unreadable: { table: string; id: string }[] = []
    for (const [key, value, id, ...owner] of batch) {
      if (!isStale(value)) continue
      try {
        changes.push({ key, was: value, becomes: column.reseal(value, owner) })
      } catch {
        unreadable.push({ table: column.table, id: String(id) })
      }
    }
    const changeAll = () =>
      changes.reduce((sum, { key, was, becomes }) => sum + update.run(becomes, key, was).changes, 0)
    const moved = changes.length === 0 ? 0 : await write(changeAll)
    return { moved, unreadable, last: batch.length < limit ? null : (batch.at(-1)?.[0] ?? null) }
  }
}

const prepare = (client: Context['client'], { table, column, key, only, id, owner }: SealedColumn) => {
  const one = only === undefined ? '' : `AND ${key} = '${only}'`
  return {
    rows: client
      .prepare<[after: Key, limit: number], Row>(`
      SELECT ${[key, column, id, ...owner].join(', ')} FROM ${table}
      WHERE ${key} > +? ${one} ORDER BY ${key} LIMIT +?`)
      .raw(),
    update: client.prepare<[becomes: Value, Key, was: Value]>(
      `UPDATE ${table} SET ${column} = ? WHERE ${key} = ? AND ${column} = ?`,
    ),
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
  const sealBatch = createColumn(context, column)
  let last: Key | null = null
  do {
    ;({ last } = await sealBatch(last, PLAIN_IN_A_BATCH))
  } while (last !== null)
  const value = Buffer.from('1')
  await context.write(() => context.db.insert(meta).values({ key: DONE, value }).onConflictDoNothing().run())
}
