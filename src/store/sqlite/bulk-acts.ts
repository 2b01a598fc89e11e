import type { BulkStep } from '../bulk-act.ts'
import { afterBulkStep, tellHints } from '../hints.ts'
import type { FoundRegistration } from '../registration-search.ts'
import { findRegistration, readWindow } from '../registrations/search.ts'
import {
  type Applied,
  afterProbe,
  BULK_WINDOW,
  type BulkRow,
  IDLE,
  NEXT_OF_OWNER,
  takeForBulk,
  toBulkRow,
  UNDER_WAY,
} from '../rules/bulk-act.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import type { Context } from './context.ts'
import { and, asc, eq, sql } from './drizzle.ts'
import { createRegistrationActs } from './registration-acts.ts'
import { bulkActs } from './schema.ts'

const OPEN = sql.raw(`${UNDER_WAY} AND (state = 'running' OR probe_id IS NULL)`)
const PROBED = sql.raw(`${UNDER_WAY} AND state = 'probing' AND probe_id IS NOT NULL`)

export const createBulkSteps = (context: Context) => {
  const { db, read, write, now, hints } = context
  const acts = createRegistrationActs(context)
  const save = (id: string, patch: Partial<BulkRow>): void => {
    const { counted: _, ...columns } = patch
    db.update(bulkActs).set(columns).where(eq(bulkActs.id, id)).run()
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

  const judgeProbes = async (tx: Tx): Promise<void> => {
    for (const row of db.select().from(bulkActs).where(PROBED).all().map(toBulkRow)) {
      const patch = afterProbe(row, await findRegistration(tx, row.probeId ?? ''), now())
      if (patch) save(row.id, patch)
    }
  }

  const step = async (tx: Tx, limit: number, id: string | undefined): Promise<BulkStep & Applied> => {
    await judgeProbes(tx)
    const open = and(OPEN, id === undefined ? sql.raw(NEXT_OF_OWNER) : eq(bulkActs.id, id))
    const stored = db.select().from(bulkActs).where(open).orderBy(asc(bulkActs.steppedAt), asc(bulkActs.id)).get()
    if (!stored) return IDLE
    const row = toBulkRow(stored)
    const window = await readWindow(tx, { filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
    const { batch, patch } = takeForBulk(row, window, { limit, at: now() })
    const applied = apply(row, batch)
    save(row.id, patch)
    return { count: batch.length, isIdle: false, isOfPartner: row.partnerId !== null, ...applied }
  }

  return {
    continueBulkActs: async (limit, id) => {
      if (!(await read(() => db.select().from(bulkActs).where(sql.raw(UNDER_WAY)).limit(1).get())))
        return { count: 0, isIdle: true, isOfPartner: false, cancelled: [] }
      const { changedUrls, ...done } = await write(tx => step(tx, limit, id))
      tellHints(hints, afterBulkStep({ ...done, changedUrls }))
      return done
    },
  } satisfies Partial<Store>
}
