import type { BulkStep } from '../bulk-act.ts'
import type { StoreContext } from '../context.ts'
import { and, asc, eq, sql } from '../drizzle.ts'
import { afterBulkStep } from '../hints.ts'
import type { FoundRegistration } from '../registration-search.ts'
import { createRegistrationActs } from '../registrations/acts.ts'
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
import { lockBulkActs, saveBulk } from './acts.ts'

const ANY_UNDER_WAY = `SELECT 1 FROM bulk_acts WHERE ${UNDER_WAY} LIMIT 1`
const OPEN = sql.raw(`${UNDER_WAY} AND (state = 'running' OR probe_id IS NULL)`)
const PROBED = sql.raw(`${UNDER_WAY} AND state = 'probing' AND probe_id IS NOT NULL`)

/** The part that workers call. */
export const createBulkSteps = (context: StoreContext): Pick<Store, 'continueBulkActs'> => {
  const { read, write, tell } = context
  const acts = createRegistrationActs(context)

  const apply = async (tx: Tx, { act }: BulkRow, batch: readonly FoundRegistration[]): Promise<Applied> => {
    switch (act) {
      case 'resend':
        return { cancelled: [], changedUrls: (await acts.resend(tx, batch)).changedUrls }
      case 'cancel':
        return { cancelled: (await acts.cancel(tx, batch)).filter(one => one !== null), changedUrls: [] }
      case 'poll':
        await acts.nudge(tx, batch)
        return { cancelled: [], changedUrls: [] }
      default:
        throw act satisfies never
    }
  }

  const judgeProbes = async (tx: Tx): Promise<void> => {
    const { bulkActs } = tx.schema
    for (const row of (await tx.db.select().from(bulkActs).where(PROBED)).map(toBulkRow)) {
      const patch = afterProbe(row, await findRegistration(tx, row.probeId ?? ''), tx.at)
      if (patch) await saveBulk(tx, row.id, patch)
    }
  }

  const step = async (tx: Tx, limit: number, id: string | undefined): Promise<BulkStep & Applied> => {
    await lockBulkActs(tx)
    await judgeProbes(tx)
    const { bulkActs } = tx.schema
    const open = and(OPEN, id === undefined ? sql.raw(NEXT_OF_OWNER) : eq(bulkActs.id, id))
    const oldest = tx.db.select().from(bulkActs).where(open).orderBy(asc(bulkActs.steppedAt), asc(bulkActs.id))
    const [stored] = await oldest.limit(1)
    if (!stored) return IDLE
    const row = toBulkRow(stored)
    const window = await readWindow(tx, { filter: row.filter, act: row.act, before: row.cursor }, BULK_WINDOW)
    const { batch, patch } = takeForBulk(row, window, { limit, at: tx.at })
    const applied = batch.length === 0 ? IDLE : await apply(tx, row, batch)
    await saveBulk(tx, row.id, patch)
    return { ...applied, count: batch.length, isIdle: false, isOfPartner: row.partnerId !== null }
  }

  return {
    continueBulkActs: async (limit, id) => {
      const [first] = await read(tx => tx.all(ANY_UNDER_WAY))
      if (!first) return { count: 0, isIdle: true, isOfPartner: false, cancelled: [] }
      const { changedUrls, ...done } = await write(tx => step(tx, limit, id))
      tell(afterBulkStep({ ...done, changedUrls }))
      return done
    },
  }
}
