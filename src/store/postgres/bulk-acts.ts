import { BULK_ACTS_KEPT, type BulkCommand, type BulkPace, type BulkStep, MOST_UNDER_WAY } from '../bulk-act.ts'
import type { TurnedCallback } from '../callbacks.ts'
import { BULK_NEXT_STEP } from '../facts.ts'
import type { FoundRegistration } from '../registration-search.ts'
import {
  afterLocking,
  BULK_WINDOW,
  type BulkRow,
  bulkActOf,
  isTaken,
  judgeProbes,
  nextBulk,
  pauseAfter,
  probeIdsOf,
  startedBulk,
  stoppedBulk,
  takeForBulk,
  waitForStep,
} from '../rules/bulk-act.ts'
import { afterBulkStep } from '../rules/hints.ts'
import type { Cancellation, Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { lockMessagesOf } from './deliveries.ts'
import { desc, eq, lt, sql } from './drizzle.ts'
import { findFact, putFact } from './facts.ts'
import { createRegistrationActs } from './registration-acts.ts'
import { lockVerificationsOf } from './registration-statements.ts'
import { findThese, readWindow } from './registration-windows.ts'
import { bulkActs } from './schema.ts'

type Commands = Pick<Store, 'createBulkAct' | 'findBulkAct' | 'listBulkActs' | 'startBulkAct' | 'stopBulkAct'>
type StoredRow = typeof bulkActs.$inferSelect
interface Applied {
  cancelled: Cancellation[]
  turns: readonly TurnedCallback[]
}
type Stepped = BulkStep & Pick<Applied, 'turns'>
type Rule = (row: BulkRow, underWay: readonly BulkRow[], at: number) => Partial<BulkRow> | 'impossible' | 'too_many'

/** Whoever changes any of them has this lock: whose turn it is, and whether one more may begin, is of all together. */
const LOCK = 'bulk acts'
/** After every id. */
const END = '~'
const IDLE: BulkStep = { count: 0, isIdle: true, cancelled: [], waitMs: 0 }

/** What operators ask for. */
export const createBulkActs = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Commands => {
  const command = (id: string, rule: Rule): Promise<BulkCommand | null> =>
    write(async tx => {
      await tx.lock([LOCK])
      const row = await load(tx, id)
      if (!row) return null
      const patch = rule(row, await allUnderWay(tx), tx.at)
      if (patch === 'impossible') return { outcome: patch, state: row.state }
      if (patch === 'too_many') return { outcome: patch }
      await save(tx, [{ ...row, ...patch }])
      return { outcome: 'changed', bulk: bulkActOf({ ...row, ...patch }) }
    })

  return {
    createBulkAct: ({ counted, ...bulk }) =>
      write(async tx => {
        await tx.lock([LOCK])
        await forgetOld(tx)
        const counts = { count: counted.count, countIsCapped: counted.isCapped }
        const [row] = await tx.db
          .insert(bulkActs)
          .values({ ...bulk, ...counts, state: 'draft' })
          .returning()
        return bulkActOf(toRow(row as StoredRow))
      }),

    findBulkAct: id =>
      read(async tx => {
        const row = await load(tx, id)
        return row && bulkActOf(row)
      }),

    listBulkActs: ({ limit, before }) =>
      read(async ({ db }) => {
        const rows = await db
          .select()
          .from(bulkActs)
          .where(lt(bulkActs.id, before ?? END))
          .orderBy(desc(bulkActs.id))
          .limit(limit)
        return rows.map(row => bulkActOf(toRow(row)))
      }),

    startBulkAct: async id => {
      const started = await command(id, (row, underWay, at) => startedBulk(row, { at, underWay }))
      if (started?.outcome === 'changed') tell([['bulkActsDue']])
      return started
    },

    stopBulkAct: id => command(id, (row, _, at) => stoppedBulk(row, at)),
  }
}

/** What a worker does of them. */
export const createBulkSteps = (context: Context): Pick<Store, 'continueBulkActs'> => {
  const { read, write, tell } = context
  const acts = createRegistrationActs(context)

  const apply = async (tx: Tx, { act }: BulkRow, batch: readonly FoundRegistration[]): Promise<Applied> => {
    switch (act) {
      case 'resend':
        return { cancelled: [], turns: (await acts.resend(tx, batch)).turns }
      case 'cancel':
        return { cancelled: (await acts.cancel(tx, batch)).filter(one => one !== null), turns: [] }
      case 'poll':
        await acts.nudge(tx, batch)
        return { cancelled: [], turns: [] }
      default:
        throw act satisfies never
    }
  }

  /** Looks at all probes, and does one step of one bulk act. */
  const step = async (tx: Tx, limit: number, pace: BulkPace | undefined): Promise<Stepped> => {
    await tx.lock([LOCK])
    const waitMs = pace ? await waitOf(tx) : 0
    if (waitMs > 0) return { ...IDLE, isIdle: false, waitMs, turns: [] }
    const underWay = await allUnderWay(tx)
    const { judged, changed } = judgeProbes(underWay, await findThese(tx, probeIdsOf(underWay)), tx.at)
    await save(tx, changed)
    const row = nextBulk(judged)
    if (!row) return { ...IDLE, turns: [] }
    const window = await readWindow(tx, { filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
    const { batch, patch } = takeForBulk(row, window, { limit, at: tx.at })
    const locked = await lockBatch(tx, row, batch)
    const applied = await apply(tx, row, locked)
    await save(tx, [{ ...row, ...afterLocking(row, patch, locked) }])
    const pauseMs = pace ? pauseAfter(pace, locked.length) : 0
    if (pace) await putFact(tx, BULK_NEXT_STEP, tx.at + pauseMs)
    return { count: locked.length, isIdle: false, waitMs: pauseMs, ...applied }
  }

  return {
    continueBulkActs: async (limit, pace) => {
      const [first] = await read(tx => tx.rows(`SELECT 1 FROM bulk_acts WHERE ${UNDER_WAY} LIMIT 1`))
      if (!first) return IDLE
      const { turns, ...done } = await write(tx => step(tx, limit, pace))
      tell(afterBulkStep({ ...done, turns }))
      return done
    },
  }
}

const UNDER_WAY = "state IN ('probing', 'running')"

const toRow = ({ count, countIsCapped, ...row }: StoredRow): BulkRow => ({
  ...row,
  counted: { count, isCapped: countIsCapped },
})

const waitOf = async (tx: Tx): Promise<number> => {
  const nextAt = await findFact(tx, BULK_NEXT_STEP)
  return waitForStep(nextAt, tx.at)
}

const load = async ({ db }: Tx, id: string): Promise<BulkRow | null> => {
  const [row] = await db.select().from(bulkActs).where(eq(bulkActs.id, id))
  return row ? toRow(row) : null
}

const allUnderWay = async ({ db }: Tx): Promise<BulkRow[]> =>
  (await db.select().from(bulkActs).where(sql.raw(UNDER_WAY)).limit(MOST_UNDER_WAY)).map(toRow)

/** Writes all that may change of them. */
const save = async (tx: Tx, rows: readonly BulkRow[]): Promise<void> => {
  if (rows.length === 0) return
  const each = (name: keyof BulkRow) => rows.map(row => row[name])
  await tx.rows(
    `UPDATE bulk_acts SET state = v.state, started_at = v.started_at, done_at_start = v.done_at_start, ended_at = v.ended_at,
       done = v.done, error = v.error, cursor = v.cursor, looked = v.looked, probe_id = v.probe_id,
       probe_claims = v.probe_claims, probed_at = v.probed_at
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::bigint[], $6::int[], $7::text[], $8::text[], $9::int[],
         $10::text[], $11::int[], $12::bigint[])
       AS v(id, state, started_at, done_at_start, ended_at, done, error, cursor, looked, probe_id, probe_claims, probed_at)
     WHERE bulk_acts.id = v.id`,
    [
      ...(['id', 'state', 'startedAt', 'doneAtStart', 'endedAt', 'done', 'error', 'cursor'] as const).map(each),
      ...(['looked', 'probeId', 'probeClaims', 'probedAt'] as const).map(each),
    ],
  )
}

const forgetOld = async (tx: Tx): Promise<void> => {
  await tx.rows(
    `DELETE FROM bulk_acts WHERE id IN (
       SELECT id FROM bulk_acts WHERE state IN ('draft', 'stopped', 'done', 'failed')
       ORDER BY id DESC LIMIT 100 OFFSET ${BULK_ACTS_KEPT})`,
  )
}

/** Locks the batch, and leaves out what others have changed before. */
const lockBatch = async (
  tx: Tx,
  row: BulkRow,
  batch: readonly FoundRegistration[],
): Promise<readonly FoundRegistration[]> => {
  if (batch.length === 0) return batch
  const ids = batch.map(({ id }) => id)
  await lockVerificationsOf(tx, batch)
  await lockMessagesOf(tx, ids)
  return (await findThese(tx, ids)).filter(one => isTaken(row, one))
}
