import { type BulkCommand, type BulkStep, bulkActsKept, mostUnderWay } from '../bulk-act.ts'
import { afterBulkStep, tellHints } from '../hints.ts'
import type { FoundRegistration } from '../registration-search.ts'
import { END } from '../registration-source.ts'
import {
  type Applied,
  afterProbe,
  BULK_WINDOW,
  type BulkRow,
  bulkActOf,
  IDLE,
  NEXT_OF_OWNER,
  startedBulk,
  stoppedBulk,
  takeForBulk,
  toBulkRow,
  ULID_LENGTH,
  UNDER_WAY,
} from '../rules/bulk-act.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, desc, eq, lt, sql } from './drizzle.ts'
import { createRegistrationActs } from './registration-acts.ts'
import { createFoundRegistrations } from './registration-search.ts'
import { bulkActs } from './schema.ts'

const MADE = sql<string>`substr(${bulkActs.id}, ${sql.raw(String(-ULID_LENGTH))})`
const OPEN = sql.raw(`${UNDER_WAY} AND (state = 'running' OR probe_id IS NULL)`)
const PROBED = sql.raw(`${UNDER_WAY} AND state = 'probing' AND probe_id IS NOT NULL`)

export const createBulkActs = (context: Context) => {
  const { db, client, read, write, now, hints } = context
  const acts = createRegistrationActs(context)
  const found = createFoundRegistrations({ client })
  const forgetOld = client.prepare<[partnerId: string | null, kept: number]>(`
    DELETE FROM bulk_acts WHERE id IN (
      SELECT id FROM bulk_acts WHERE partner_id IS ? AND NOT (${UNDER_WAY}) ORDER BY id DESC LIMIT 100 OFFSET ?)`)
  const countUnderWay = client
    .prepare<[partnerId: string | null], number>(
      `SELECT count(*) FROM bulk_acts WHERE partner_id IS ? AND ${UNDER_WAY}`,
    )
    .pluck()

  const load = (id: string): BulkRow | null => {
    const row = db.select().from(bulkActs).where(eq(bulkActs.id, id)).get()
    return row ? toBulkRow(row) : null
  }
  const save = (id: string, patch: Partial<BulkRow>): void => {
    const { counted: _, ...columns } = patch
    db.update(bulkActs).set(columns).where(eq(bulkActs.id, id)).run()
  }
  const change = (row: BulkRow, patch: Partial<BulkRow> | 'impossible'): BulkCommand => {
    if (patch === 'impossible') return { outcome: patch, state: row.state }
    save(row.id, patch)
    return { outcome: 'changed', bulk: bulkActOf({ ...row, ...patch }) }
  }

  const apply = ({ act }: BulkRow, batch: readonly FoundRegistration[]): Applied => {
    switch (act) {
      case 'resend': {
        const resending = acts.beginResending()
        for (const { partnerId, id } of batch) resending.resend(partnerId, id)
        return { cancelled: [], changedUrls: resending.save() }
      }
      case 'cancel':
        return {
          cancelled: batch.map(one => acts.cancel(one.partnerId, one.id)).filter(one => one !== null),
          changedUrls: [],
        }
      case 'poll':
        for (const { partnerId, id } of batch) acts.nudge(partnerId, id)
        return { cancelled: [], changedUrls: [] }
      default:
        throw act satisfies never
    }
  }

  const judgeProbes = (): void => {
    for (const row of db.select().from(bulkActs).where(PROBED).all().map(toBulkRow)) {
      const patch = afterProbe(row, found.find(row.probeId ?? ''), now())
      if (patch) save(row.id, patch)
    }
  }

  const step = (limit: number, id: string | undefined): BulkStep & Applied => {
    judgeProbes()
    const open = and(OPEN, id === undefined ? sql.raw(NEXT_OF_OWNER) : eq(bulkActs.id, id))
    const stored = db.select().from(bulkActs).where(open).orderBy(asc(bulkActs.steppedAt), asc(bulkActs.id)).get()
    if (!stored) return IDLE
    const row = toBulkRow(stored)
    const window = found.window({ filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
    const { batch, patch } = takeForBulk(row, window, { limit, at: now() })
    const applied = apply(row, batch)
    save(row.id, patch)
    return { count: batch.length, isIdle: false, isOfPartner: row.partnerId !== null, ...applied }
  }

  return {
    createBulkAct: ({ counted, ...bulk }) =>
      write(() => {
        forgetOld.run(bulk.partnerId, bulkActsKept(bulk.partnerId))
        const counts = { count: counted.count, countIsCapped: counted.isCapped }
        const values = { ...bulk, ...counts, state: 'draft' as const }
        return bulkActOf(toBulkRow(db.insert(bulkActs).values(values).returning().get()))
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
          .where(lt(MADE, before?.slice(-ULID_LENGTH) ?? END))
          .orderBy(desc(MADE))
          .limit(limit)
          .all()
          .map(row => bulkActOf(toBulkRow(row))),
      ),

    startBulkAct: async id => {
      const started = await write(() => {
        const row = load(id)
        if (!row) return null
        const patch = startedBulk(row, now())
        const isFull = (countUnderWay.get(row.partnerId) ?? 0) >= mostUnderWay(row.partnerId)
        return patch !== 'impossible' && isFull ? { outcome: 'too_many' as const } : change(row, patch)
      })
      if (started?.outcome === 'changed') hints.emit('bulkActsDue')
      return started
    },

    stopBulkAct: id =>
      write(() => {
        const row = load(id)
        return row && change(row, stoppedBulk(row, now()))
      }),

    continueBulkActs: async (limit, id) => {
      if (!(await read(() => db.select().from(bulkActs).where(sql.raw(UNDER_WAY)).limit(1).get())))
        return { count: 0, isIdle: true, isOfPartner: false, cancelled: [] }
      const { changedUrls, ...done } = await write(() => step(limit, id))
      tellHints(hints, afterBulkStep({ ...done, changedUrls }))
      return done
    },
  } satisfies Partial<Store>
}
