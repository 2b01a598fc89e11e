import { BULK_ACTS_KEPT, type BulkCommand, type BulkPace, type BulkStep, MOST_UNDER_WAY } from '../bulk-act.ts'
import type { TurnedCallback } from '../callbacks.ts'
import { BULK_NEXT_STEP } from '../facts.ts'
import { tellHints } from '../hints.ts'
import { ALL_REGISTRATIONS, type FoundRegistration } from '../registration-search.ts'
import {
  BULK_WINDOW,
  type BulkRow,
  bulkActOf,
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
import type { Context } from './context.ts'
import { desc, eq, lt, sql } from './drizzle.ts'
import { prepareFacts } from './facts.ts'
import { createRegistrationActs } from './registration-acts.ts'
import { createRegistrationWindows } from './registration-windows.ts'
import { bulkActs } from './schema.ts'

type Verbs = Pick<
  Store,
  'createBulkAct' | 'findBulkAct' | 'listBulkActs' | 'startBulkAct' | 'stopBulkAct' | 'continueBulkActs'
>
type StoredRow = typeof bulkActs.$inferSelect
interface Applied {
  cancelled: Cancellation[]
  turns: readonly TurnedCallback[]
}
type Rule = (row: BulkRow, at: number) => Partial<BulkRow> | 'impossible' | 'too_many'

/** After every id. */
const END = '~'
const UNDER_WAY = sql`state IN ('probing', 'running')`
const IDLE: BulkStep = { count: 0, isIdle: true, cancelled: [], waitMs: 0 }

export const createBulkActs = (context: Context): Verbs => {
  const { db, client, read, write, now, hints } = context
  const acts = createRegistrationActs(context)
  const windows = createRegistrationWindows({ client })
  const facts = prepareFacts(client)
  const forgetOld = client.prepare<{ kept: number }>(`
    DELETE FROM bulk_acts WHERE id IN (
      SELECT id FROM bulk_acts WHERE state IN ('draft', 'stopped', 'done', 'failed') ORDER BY id DESC LIMIT 100 OFFSET +@kept)`)
  const all = db.select().from(bulkActs).where(UNDER_WAY).limit(MOST_UNDER_WAY).prepare()

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
      if (patch === 'impossible') return { outcome: patch, state: row.state }
      if (patch === 'too_many') return { outcome: patch }
      save(id, patch)
      return { outcome: 'changed', bulk: bulkActOf({ ...row, ...patch }) }
    })

  const probesOf = (id: string): FoundRegistration[] => {
    const place = { filter: ALL_REGISTRATIONS, act: null, before: `${id}${END}` }
    return windows.window(place, 1).filter(found => found.id === id)
  }

  const apply = ({ act }: BulkRow, batch: readonly FoundRegistration[]): Applied => {
    switch (act) {
      case 'resend': {
        const resending = acts.beginResending()
        for (const { partnerId, id } of batch) resending.resend(partnerId, id)
        return { cancelled: [], turns: resending.save() }
      }
      case 'cancel':
        return {
          cancelled: batch.map(one => acts.cancel(one.partnerId, one.id)).filter(one => one !== null),
          turns: [],
        }
      case 'poll':
        for (const { partnerId, id } of batch) acts.nudge(partnerId, id)
        return { cancelled: [], turns: [] }
      default:
        throw act satisfies never
    }
  }

  const allUnderWay = (): BulkRow[] => all.all().map(toRow)

  const waitOf = (): number => {
    const nextAt = facts.find(BULK_NEXT_STEP)
    return waitForStep(nextAt, now())
  }

  /** Looks at all probes, and does one step of one bulk act. */
  const step = (limit: number, pace: BulkPace | undefined): BulkStep & Pick<Applied, 'turns'> => {
    const waitMs = pace ? waitOf() : 0
    if (waitMs > 0) return { ...IDLE, isIdle: false, waitMs, turns: [] }
    const underWay = allUnderWay()
    const { judged, changed } = judgeProbes(underWay, probeIdsOf(underWay).flatMap(probesOf), now())
    for (const row of changed) save(row.id, row)
    const row = nextBulk(judged)
    if (!row) return { ...IDLE, turns: [] }
    const window = windows.window({ filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
    const { batch, patch } = takeForBulk(row, window, { limit, at: now() })
    const applied = apply(row, batch)
    save(row.id, patch)
    const pauseMs = pace ? pauseAfter(pace, batch.length) : 0
    if (pace) facts.put(BULK_NEXT_STEP, now() + pauseMs)
    return { count: batch.length, isIdle: false, waitMs: pauseMs, ...applied }
  }

  return {
    createBulkAct: ({ counted, ...bulk }) =>
      write(() => {
        forgetOld.run({ kept: BULK_ACTS_KEPT })
        const counts = { count: counted.count, countIsCapped: counted.isCapped }
        const row = db
          .insert(bulkActs)
          .values({ ...bulk, ...counts, state: 'draft' })
          .returning()
          .get()
        return bulkActOf(toRow(row))
      }),

    findBulkAct: id =>
      read(() => {
        const row = load(id)
        return row && bulkActOf(row)
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
          .map(row => bulkActOf(toRow(row))),
      ),

    startBulkAct: async id => {
      const started = await command(id, (row, at) => startedBulk(row, { at, underWay: allUnderWay() }))
      if (started?.outcome === 'changed') hints.emit('bulkActsDue')
      return started
    },

    stopBulkAct: id => command(id, stoppedBulk),

    continueBulkActs: async (limit, pace) => {
      if (!(await read(() => all.get()))) return IDLE
      const { turns, ...done } = await write(() => step(limit, pace))
      tellHints(hints, afterBulkStep({ ...done, turns }))
      return done
    },
  }
}

const toRow = ({ count, countIsCapped, ...row }: StoredRow): BulkRow => ({
  ...row,
  counted: { count, isCapped: countIsCapped },
})
