import { afterSeen, type EnumerationState, NO_ENUMERATION } from '../../core/enumeration.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

/** Whoever changes any of them has this lock: of a partner there may be no row yet. */
const LOCK = 'serial signs'

export const createSerialSigns = ({ write }: Pick<Context, 'write'>): Pick<Store, 'noteSerials'> => ({
  noteSerials: async seen => {
    if (seen.length === 0) return []
    return write(async tx => {
      await tx.lock([LOCK])
      const known = await load(
        tx,
        seen.map(({ partnerId }) => partnerId),
      )
      const noted = seen.map(one => afterSeen(known.get(one.partnerId) ?? NO_ENUMERATION, one, tx.at))
      await save(
        tx,
        noted.map(({ state, slowed: { partnerId } }) => ({ ...state, partnerId })),
      )
      return noted.map(({ slowed }) => slowed)
    })
  },
})

type SerialSignsRow = EnumerationState & { partnerId: string }

const load = async (tx: Tx, partnerIds: readonly string[]): Promise<Map<string, SerialSignsRow>> => {
  const rows = await tx.rows<SerialSignsRow>(
    `SELECT partner_id AS "partnerId", lookups, not_found AS "notFound", slowed_until AS "slowedUntil"
     FROM serial_signs WHERE partner_id = ANY($1)`,
    [partnerIds],
  )
  return new Map(rows.map(row => [row.partnerId, row]))
}

const save = async (tx: Tx, rows: readonly SerialSignsRow[]): Promise<void> => {
  await tx.rows(
    `INSERT INTO serial_signs (partner_id, conflicts, lookups, not_found, slowed_until)
     SELECT partner_id, '[]', lookups, not_found, slowed_until
     FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[]) AS signs(partner_id, lookups, not_found, slowed_until)
     ON CONFLICT (partner_id) DO UPDATE SET lookups = excluded.lookups, not_found = excluded.not_found,
       slowed_until = excluded.slowed_until`,
    (['partnerId', 'lookups', 'notFound', 'slowedUntil'] as const).map(name => rows.map(row => row[name])),
  )
}
