import { afterChangingPartner } from '../hints.ts'
import { afterPartnerChange, type PartnerRow, viewPartner } from '../partner.ts'
import type { Store } from '../store.ts'
import { addKey } from './api-keys.ts'
import { stopClaims } from './claim-stop.ts'
import type { Context } from './context.ts'
import { asc, eq, gt } from './drizzle.ts'
import { partners } from './schema.ts'
import { createSecretRows } from './signing-secrets.ts'

type Verbs = Pick<Store, 'createPartner' | 'findPartner' | 'listPartners' | 'changePartner'>

export const createPartners = (context: Context): Verbs => {
  const { read, write, tell } = context
  const secrets = createSecretRows(context)

  return {
    createPartner: ({ id, name, key, secret }) =>
      write(async tx => {
        const [partner] = await tx.db.insert(partners).values({ id, name, createdAt: tx.at }).returning()
        await addKey(tx, id, key)
        await secrets.add(tx, id, { ...secret, type: 'v1' })
        return viewPartner(partner as PartnerRow)
      }),

    findPartner: id =>
      read(async ({ db }) => {
        const [row] = await db.select().from(partners).where(eq(partners.id, id))
        return row ? viewPartner(row) : null
      }),

    listPartners: ({ limit, after }) =>
      read(async ({ db }) => {
        const rows = await db
          .select()
          .from(partners)
          .where(after === null ? undefined : gt(partners.id, after))
          .orderBy(asc(partners.id))
          .limit(limit)
        return rows.map(viewPartner)
      }),

    changePartner: async (id, change) => {
      const changed = await write(async tx => {
        const { db } = tx
        if (change.disabled) await stopClaims(tx)
        const [row] = await db.select().from(partners).where(eq(partners.id, id)).for('no key update')
        if (!row) return null
        const after = afterPartnerChange(row, change)
        await db.update(partners).set(after).where(eq(partners.id, id))
        return viewPartner({ ...row, ...after })
      })
      tell(afterChangingPartner(changed, change))
      return changed
    },
  }
}
