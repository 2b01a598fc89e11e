import { AppError } from '../../core/error.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import { and, asc, desc, eq, lt, sql } from '../drizzle.ts'
import { idOf, type Page, pageOf } from '../page.ts'
import { afterCancelling, nudgeAll, resendAll } from '../registrations/acts.ts'
import { cancelAll } from '../registrations/cancelling.ts'
import type { FoundRegistration } from '../registrations/filter.ts'
import { END, findRegistration, readWindow } from '../registrations/search.ts'
import type { NewRow, Row, Tx } from '../tx.ts'
import {
  afterProbe,
  BULK_WINDOW,
  type BulkAct,
  type BulkCommand,
  type BulkStep,
  bulkActOf,
  bulkActsKept,
  failedBulk,
  mostUnderWay,
  NEXT_OF_OWNER,
  type NewBulkAct,
  startedBulk,
  stoppedBulk,
  takeForBulk,
  ULID_LENGTH,
  UNDER_WAY,
  withWholeFilter,
} from './states.ts'

type BulkRow = Row<'bulkActs'>

/** Taken first by each transaction that starts, steps or ends a bulk act. */
const lockBulkActs = (tx: Tx): Promise<void> => tx.lock(['bulk acts'])

const MADE = sql.raw(`substr(id, length(id) - ${ULID_LENGTH - 1})`)

export const bulkVerbs = {
  lookups: ({ read }) => ({
    findBulkAct: (id: string): Promise<BulkAct | null> =>
      read(async tx => {
        const row = await load(tx, id)
        return row && bulkActOf(row)
      }),
  }),

  calls: ({ read, write, emitHints }) => ({
    /** Stores a draft, and does nothing yet. */
    createBulkAct: ({ counted, ...bulk }: NewBulkAct): Promise<BulkAct> =>
      write(async tx => {
        await forgetOld(tx, bulk.partnerId)
        const counts = { count: counted.count, countIsCapped: counted.isCapped }
        const values: NewRow<'bulkActs'> = { ...bulk, ...counts, state: 'draft' }
        await tx.insert('bulkActs', [values])
        return bulkActOf((await load(tx, bulk.id)) as BulkRow)
      }),

    /** Newest first, at most `limit`, older than the bulk act `before`. */
    listBulkActs: ({ limit, before }: { limit: number; before: string | null }): Promise<Page<BulkAct>> =>
      read(async ({ select, schema: { bulkActs } }) => {
        const rows = await select()
          .from(bulkActs)
          .where(lt(MADE, before?.slice(-ULID_LENGTH) ?? END))
          .orderBy(desc(MADE))
          .limit(limit + 1)
        return pageOf(rows.map(bulkActOf), limit, idOf)
      }),

    /** Begins a draft, or continues a stopped act. `continueBulkActs` does the work, also after a restart. */
    startBulkAct: async (id: string): Promise<BulkCommand | null> => {
      const started = await write(async tx => {
        await lockBulkActs(tx)
        const row = await load(tx, id)
        if (!row) return null
        const patch = startedBulk(row, tx.at)
        const isFull = (await countUnderWay(tx, row.partnerId)) >= mostUnderWay(row.partnerId)
        return patch !== 'impossible' && isFull ? { outcome: 'too_many' as const } : change(tx, row, patch)
      })
      if (started?.outcome === 'changed') emitHints([['bulkActsDue']])
      return started
    },

    stopBulkAct: (id: string): Promise<BulkCommand | null> =>
      write(async tx => {
        await lockBulkActs(tx)
        const row = await load(tx, id)
        return row && change(tx, row, stoppedBulk(row, tx.at))
      }),
  }),

  loops: context => ({
    /**
     * Does one step of the bulk act with the oldest last step, chosen among all acts of operators and the oldest of
     * each partner. A step reads `BULK_WINDOW` registrations and applies the act to at most `limit` of
     * them (a partner's act: `PARTNER_BATCH`), possibly to none. If it fails other than as `unavailable`, that act ends
     * as `failed`.
     */
    continueBulkActs: async (limit: number): Promise<BulkStep> => {
      const [first] = await context.read(tx => tx.all(ANY_UNDER_WAY))
      const done = first ? await stepOfNext(context, limit) : IDLE
      if (done.count > 0)
        context.emitHints([
          ['messagesDue'],
          ['verificationsDue'],
          ...done.cancelled.flatMap(({ registration }) => afterCancelling(registration)),
        ])
      return done
    },
  }),
} satisfies VerbModule

const load = async ({ select, schema: { bulkActs } }: Tx, id: string): Promise<BulkRow | null> =>
  (await select().from(bulkActs).where(eq(bulkActs.id, id)))[0] ?? null

const change = async (tx: Tx, row: BulkRow, patch: Partial<BulkRow> | 'impossible'): Promise<BulkCommand> => {
  if (patch === 'impossible') return { outcome: patch, state: row.state }
  await tx.update('bulkActs', ['id'], [{ id: row.id, ...patch }])
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

const ANY_UNDER_WAY = `SELECT 1 FROM bulk_acts WHERE ${UNDER_WAY} LIMIT 1`
const OPEN = sql.raw(`${UNDER_WAY} AND (state = 'running' OR probe_id IS NULL)`)
const PROBED = sql.raw(`${UNDER_WAY} AND state = 'probing' AND probe_id IS NOT NULL`)

/** Returns the act that may do a step and did its last one longest ago. */
const nextOpen = async ({ select, schema: { bulkActs } }: Tx): Promise<BulkRow | null> => {
  const open = and(OPEN, sql.raw(NEXT_OF_OWNER))
  const oldest = select().from(bulkActs).where(open).orderBy(asc(bulkActs.steppedAt), asc(bulkActs.id))
  const [row] = await oldest.limit(1)
  return row ? withWholeFilter(row) : null
}

const IDLE: BulkStep = { count: 0, isIdle: true, isOfPartner: false, cancelled: [] }

const apply = async (
  tx: Tx,
  { act }: BulkRow,
  batch: readonly FoundRegistration[],
  context: StoreContext,
): Promise<Partial<BulkStep>> => {
  switch (act) {
    case 'resend':
      await resendAll(tx, batch)
      return {}
    case 'cancel':
      return { cancelled: (await cancelAll(tx, batch, { opening: context, how: act })).filter(one => one !== null) }
    case 'poll':
      await nudgeAll(tx, batch)
      return {}
    default:
      throw act satisfies never
  }
}

const judgeProbe = async (tx: Tx, row: BulkRow): Promise<void> => {
  const patch = afterProbe(row, await findRegistration(tx, row.probeId ?? ''), tx.at)
  if (patch) await tx.update('bulkActs', ['id'], [{ id: row.id, ...patch }])
}

const step = async (tx: Tx, row: BulkRow, limit: number, context: StoreContext): Promise<BulkStep> => {
  const window = await readWindow(tx, { filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
  const { batch, patch } = takeForBulk(row, window, { limit, at: tx.at })
  const applied = batch.length === 0 ? {} : await apply(tx, row, batch, context)
  await tx.update('bulkActs', ['id'], [{ id: row.id, ...patch }])
  return { ...IDLE, ...applied, count: batch.length, isIdle: false, isOfPartner: row.partnerId !== null }
}

/** Puts a failed act behind the others, so that it does not block them; ends it if the error would recur. */
const afterFailure = ({ write }: StoreContext, id: string, isPassing: boolean): Promise<void> =>
  write(async tx => {
    await lockBulkActs(tx)
    const row = await load(tx, id)
    if (row) await change(tx, row, isPassing ? { steppedAt: tx.at } : failedBulk(row, tx.at))
  })

const stepOfNext = async (context: StoreContext, limit: number): Promise<BulkStep> => {
  let row = null as BulkRow | null
  try {
    return await context.write(async tx => {
      row = null
      await lockBulkActs(tx)
      const { bulkActs } = tx.schema
      for (row of await tx.select().from(bulkActs).where(PROBED)) await judgeProbe(tx, row)
      row = await nextOpen(tx)
      return row ? step(tx, row, limit, context) : IDLE
    })
  } catch (error) {
    const isPassing = error instanceof AppError && error.code === 'unavailable'
    if (row) await afterFailure(context, row.id, isPassing)
    throw error
  }
}
