import { afterChangingPartner, tellHints } from '../hints.ts'
import { afterPartnerChange, type PartnerRow, viewPartner } from '../partner.ts'
import type { Store } from '../store.ts'
import { createKeyRows } from './api-keys.ts'
import type { Context } from './context.ts'
import { asc, eq, gt } from './drizzle.ts'
import { partners } from './schema.ts'
import { createSecretRows } from './signing-secrets.ts'

type Verbs = Pick<Store, 'createPartner' | 'findPartner' | 'listPartners' | 'changePartner'>

export const createPartners = (context: Context): Verbs => {
  const { db, write, read, now, hints } = context
  const keys = createKeyRows(context)
  const secrets = createSecretRows(context)
  const find = (id: string): PartnerRow | undefined => db.select().from(partners).where(eq(partners.id, id)).get()

  return {
    createPartner: ({ id, name, key, secret }) =>
      write(() => {
        const partner = db.insert(partners).values({ id, name, createdAt: now() }).returning().get()
        keys.add(id, key)
        secrets.add(id, { ...secret, type: 'v1' })
        return viewPartner(partner)
      }),

    findPartner: id =>
      read(() => {
        const row = find(id)
        return row ? viewPartner(row) : null
      }),

    listPartners: ({ limit, after }) =>
      read(() =>
        db
          .select()
          .from(partners)
          .where(after === null ? undefined : gt(partners.id, after))
          .orderBy(asc(partners.id))
          .limit(limit)
          .all()
          .map(viewPartner),
      ),

    changePartner: async (id, change) => {
      const changed = await write(() => {
        const row = find(id)
        if (!row) return null
        const after = afterPartnerChange(row, change)
        db.update(partners).set(after).where(eq(partners.id, id)).run()
        return viewPartner({ ...row, ...after })
      })
      tellHints(hints, afterChangingPartner(changed, change))
      return changed
    },
  }
}
