import { BULK_ACTS_KEPT, type BulkAct, type BulkCommand, type BulkStep } from '../bulk-act.ts'
import type { TurnedCallback } from '../callbacks.ts'
import { type Hint, tellHints } from '../hints.ts'
import { ALL_REGISTRATIONS, type FoundRegistration } from '../registration-search.ts'
import {
  afterProbe,
  BULK_WINDOW,
  type BulkRow,
  isUnderWay,
  startedBulk,
  stoppedBulk,
  takeForBulk,
} from '../rules/bulk-act.ts'
import { afterCancelling, afterTurning } from '../rules/hints.ts'
import type { Cancellation, Store } from '../store.ts'
import type { Context } from './context.ts'
import { desc, eq, lt, sql } from './drizzle.ts'
import { createRegistrationActs } from './registration-acts.ts'
import { createRegistrationWindows } from './registration-windows.ts'
import { bulkActs } from './schema.ts'

type Verbs = Pick<
  Store,
  'createBulkAct' | 'findBulkAct' | 'listBulkActs' | 'startBulkAct' | 'stopBulkAct' | 'continueBulkActs'
>
type StoredRow = typeof bulkActs.$inferSelect
interface Applied {
  cancelled: Cancellation | null
  turns: readonly TurnedCallback[]
}
type Rule = (row: BulkRow, at: number) => Partial<BulkRow> | null

/** So many bulk acts that are under way are looked at in a turn; the others follow as these get on. */
const MOST_IN_A_TURN = 20
/** After every id. */
const END = '~'
const NOTHING: BulkStep = { count: 0, cancelled: [] }

export const createBulkActs = (context: Context): Verbs => {
  const { db, client, read, write, now, hints } = context
  const acts = createRegistrationActs(context)
  const windows = createRegistrationWindows({ client })
  const forgetOld = client.prepare<{ kept: number }>(`
    DELETE FROM bulk_acts WHERE id IN (
      SELECT id FROM bulk_acts WHERE state IN ('draft', 'stopped', 'done', 'failed') ORDER BY id DESC LIMIT 100 OFFSET +@kept)`)
  const open = db
    .select({ id: bulkActs.id })
    .from(bulkActs)
    .where(sql`state IN ('probing', 'running')`)
    .orderBy(bulkActs.looked, bulkActs.id)
    .limit(MOST_IN_A_TURN)
    .prepare()

  const load = (id: string): BulkRow | null => {
    const row = db.select().from(bulkActs).where(eq(bulkActs.id, id)).get()
    return row ? toRow(row) : null
  }
  const save = (id: string, patch: Partial<BulkRow>): void => {
    const { counted: _, ...columns } = patch
    db.update(bulkActs).set(columns).where(eq(bulkActs.id, id)).run()
  }

  const command = (id: string, rule: Rule): Promise<BulkCommand | null> =>
    write(() => {
      const row = load(id)
      if (!row) return null
      const patch = rule(row, now())
      if (!patch) return { outcome: 'impossible', state: row.state }
      save(id, patch)
      return { outcome: 'changed', bulk: toBulkAct({ ...row, ...patch }) }
    })

  const probed = (id: string): FoundRegistration | undefined =>
    windows.window({ filter: ALL_REGISTRATIONS, act: null, before: `${id}${END}` }, 1).find(one => one.id === id)

  const apply = (row: BulkRow, { id, partnerId }: FoundRegistration): Applied => {
    if (row.act === 'resend') return { cancelled: null, turns: acts.resend(partnerId, id).turns }
    if (row.act === 'cancel') return { cancelled: acts.cancel(partnerId, id), turns: [] }
    acts.nudge(partnerId, id)
    return { cancelled: null, turns: [] }
  }

  /** One step of one bulk act. `isWaiting`: for the outcome of its probe. */
  const step = (id: string, limit: number): BulkStep & { turns: readonly TurnedCallback[]; isWaiting: boolean } => {
    const row = load(id)
    const at = now()
    if (!row || !isUnderWay(row.state)) return { ...NOTHING, turns: [], isWaiting: true }
    if (row.state === 'probing' && row.probeId !== null) {
      const patch = afterProbe(row, probed(row.probeId)?.message ?? null, at)
      if (patch) save(id, patch)
      return { ...NOTHING, turns: [], isWaiting: patch === null }
    }
    const window = windows.window({ filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
    const { batch, patch } = takeForBulk(row, window, { limit, at })
    const applied = batch.map(one => apply(row, one))
    save(id, patch)
    const cancelled = applied.map(one => one.cancelled).filter(one => one !== null)
    return { count: batch.length, cancelled, turns: applied.flatMap(({ turns }) => turns), isWaiting: false }
  }

  return {
    createBulkAct: ({ counted, ...bulk }) =>
      write(() => {
        forgetOld.run({ kept: BULK_ACTS_KEPT })
        const counts = { count: counted.count, countIsCapped: counted.isCapped }
        const row = db
          .insert(bulkActs)
          .values({ ...bulk, ...counts, state: 'draft', createdAt: now() })
          .returning()
          .get()
        return toBulkAct(toRow(row))
      }),

    findBulkAct: id =>
      read(() => {
        const row = load(id)
        return row && toBulkAct(row)
      }),

    listBulkActs: ({ limit, before }) =>
      read(() =>
        db
          .select()
          .from(bulkActs)
          .where(lt(bulkActs.id, before ?? END))
          .orderBy(desc(bulkActs.id))
          .limit(limit)
          .all()
          .map(row => toBulkAct(toRow(row))),
      ),

    startBulkAct: async id => {
      const started = await command(id, startedBulk)
      if (started?.outcome === 'changed') hints.emit('bulkActsDue')
      return started
    },

    stopBulkAct: id => command(id, stoppedBulk),

    continueBulkActs: async limit => {
      for (const { id } of await read(() => open.all())) {
        // Windows in which nothing is meant are passed over, each in a transaction of its own.
        for (;;) {
          const { count, cancelled, turns, isWaiting } = await write(() => step(id, limit))
          if (isWaiting) break
          if (count === 0) continue
          tellHints(hints, [...hintsOf(cancelled), ...afterTurning(turns)])
          return { count, cancelled }
        }
      }
      return NOTHING
    },
  }
}

const hintsOf = (cancelled: readonly Cancellation[]): Hint[] => [
  ['messagesDue'],
  ['verificationsDue'],
  ...cancelled.flatMap(({ registration }) => afterCancelling(registration.partnerId, registration.id)),
]

const toRow = ({ count, countIsCapped, ...row }: StoredRow): BulkRow => ({
  ...row,
  counted: { count, isCapped: countIsCapped },
})

const toBulkAct = ({ cursor: _, looked: __, probeId: ___, probeAttempts: ____, ...bulk }: BulkRow): BulkAct => bulk
