import { type BulkCommand, bulkActsKept, mostUnderWay } from '../bulk-act.ts'
import type { StoreContext } from '../context.ts'
import { desc, eq, lt, sql } from '../drizzle.ts'
import { END } from '../registrations/search.ts'
import {
  type BulkRow,
  bulkActOf,
  startedBulk,
  stoppedBulk,
  toBulkRow,
  ULID_LENGTH,
  UNDER_WAY,
} from '../rules/bulk-act.ts'
import type { Store } from '../store.ts'
import type { NewRow, Row, Tx } from '../tx.ts'

type Commands = Pick<Store, 'createBulkAct' | 'findBulkAct' | 'listBulkActs' | 'startBulkAct' | 'stopBulkAct'>

/** Each transaction that changes a bulk act begins with it. */
export const lockBulkActs = (tx: Tx): Promise<void> => tx.lock(['bulk acts'])

const MADE = sql.raw(`substr(id, length(id) - ${ULID_LENGTH - 1})`)

export const createBulkActs = ({ read, write, tell }: Pick<StoreContext, 'read' | 'write' | 'tell'>): Commands => ({
  createBulkAct: ({ counted, ...bulk }) =>
    write(async tx => {
      await forgetOld(tx, bulk.partnerId)
      const counts = { count: counted.count, countIsCapped: counted.isCapped }
      const values: NewRow<'bulkActs'> = { ...bulk, ...counts, state: 'draft' }
      const [row] = await tx.db.insert(tx.schema.bulkActs).values(values).returning()
      return bulkActOf(toBulkRow(row as Row<'bulkActs'>))
    }),

  findBulkAct: id =>
    read(async tx => {
      const row = await load(tx, id)
      return row && bulkActOf(row)
    }),

  listBulkActs: ({ limit, before }) =>
    read(async ({ db, schema: { bulkActs } }) => {
      const rows = await db
        .select()
        .from(bulkActs)
        .where(lt(MADE, before?.slice(-ULID_LENGTH) ?? END))
        .orderBy(desc(MADE))
        .limit(limit)
      return rows.map(row => bulkActOf(toBulkRow(row)))
    }),

  startBulkAct: async id => {
    const started = await write(async tx => {
      await lockBulkActs(tx)
      const row = await load(tx, id)
      if (!row) return null
      const patch = startedBulk(row, tx.at)
      const isFull = (await countUnderWay(tx, row.partnerId)) >= mostUnderWay(row.partnerId)
      return patch !== 'impossible' && isFull ? { outcome: 'too_many' as const } : change(tx, row, patch)
    })
    if (started?.outcome === 'changed') tell([['bulkActsDue']])
    return started
  },

  stopBulkAct: id =>
    write(async tx => {
      await lockBulkActs(tx)
      const row = await load(tx, id)
      return row && change(tx, row, stoppedBulk(row, tx.at))
    }),
})

const load = async ({ db, schema: { bulkActs } }: Tx, id: string): Promise<BulkRow | null> => {
  const [row] = await db.select().from(bulkActs).where(eq(bulkActs.id, id))
  return row ? toBulkRow(row) : null
}

export const saveBulk = (tx: Tx, id: string, { counted: _, ...patch }: Partial<BulkRow>): Promise<void> =>
  tx.update('bulkActs', ['id'], [{ id, ...patch }])

const change = async (tx: Tx, row: BulkRow, patch: Partial<BulkRow> | 'impossible'): Promise<BulkCommand> => {
  if (patch === 'impossible') return { outcome: patch, state: row.state }
  await saveBulk(tx, row.id, patch)
  return { outcome: 'changed', bulk: bulkActOf({ ...row, ...patch }) }
}

const OF_OWNER = 'partner_id IS NOT DISTINCT FROM @partnerId'

const countUnderWay = async (tx: Tx, partnerId: string | null): Promise<number> => {
  const [row] = await tx.all<{ count: number }>(
    `SELECT count(*) AS count FROM bulk_acts WHERE ${OF_OWNER} AND ${UNDER_WAY}`,
    { partnerId },
  )
  return row?.count ?? 0
}

const forgetOld = (tx: Tx, partnerId: string | null) =>
  tx.all(
    `DELETE FROM bulk_acts WHERE id IN (
       SELECT id FROM bulk_acts WHERE ${OF_OWNER} AND NOT (${UNDER_WAY}) ORDER BY id DESC LIMIT 100 OFFSET @kept)`,
    { partnerId, kept: bulkActsKept(partnerId) },
  )
