import type { StoreContext } from '../context.ts'
import { asc, eq, gt } from '../drizzle.ts'
import { afterChangingPartner } from '../hints.ts'
import { stopClaims } from '../messages/claims-lock.ts'
import { afterPartnerChange, type PartnerRow, viewPartner } from '../partner.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import { addKey } from './api-keys.ts'
import { createSecretRows } from './signing-secrets.ts'

export const createPartners = (context: StoreContext) => {
  const { read, write, tell } = context
  const secrets = createSecretRows(context)

  return {
    createPartner: ({ id, name, key, secret }) =>
      write(async tx => {
        await tx.insert('partners', [{ id, name, createdAt: tx.at }])
        await addKey(tx, id, key)
        await secrets.add(tx, id, { ...secret, type: 'v1' })
        return viewPartner((await findRow(tx, id)) as PartnerRow)
      }),

    findPartner: id =>
      read(async tx => {
        const row = await findRow(tx, id)
        return row ? viewPartner(row) : null
      }),

    listPartners: ({ limit, after }) =>
      read(async ({ db, schema: { partners } }) => {
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
        if (change.disabled) await stopClaims(tx)
        const { partners } = tx.schema
        const [row] = await tx.dialect.locked(tx.db.select().from(partners).where(eq(partners.id, id)))
        if (!row) return null
        const after = afterPartnerChange(row, change)
        await tx.update('partners', ['id'], [{ id, ...after }])
        return viewPartner({ ...row, ...after })
      })
      tell(afterChangingPartner(changed, change))
      return changed
    },
  } satisfies Partial<Store>
}

const findRow = async ({ db, schema: { partners } }: Tx, id: string): Promise<PartnerRow | undefined> =>
  (await db.select().from(partners).where(eq(partners.id, id)))[0]
