import { type ApiKey, type NewKey, ownerOfKey, revoked } from '../api-key.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { asc, eq, sql } from './drizzle.ts'
import { apiKeys, partners } from './schema.ts'

type Verbs = Pick<Store, 'createKey' | 'listKeys' | 'revokeKey' | 'findKey' | 'touchKeys'>

const columns = {
  id: apiKeys.id,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
}

export const createApiKeys = (context: Context): Verbs => {
  const { db, write, read, now } = context
  const keys = createKeyRows(context)
  const findKey = db
    .select({
      partnerId: apiKeys.partnerId,
      hash: apiKeys.hash,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
      disabled: partners.disabled,
    })
    .from(apiKeys)
    .innerJoin(partners, eq(partners.id, apiKeys.partnerId))
    .where(eq(apiKeys.id, sql.placeholder('id')))
    .prepare()
  const hasPartner = (id: string): boolean =>
    db.select({ id: partners.id }).from(partners).where(eq(partners.id, id)).get() !== undefined

  return {
    createKey: (partnerId, key) => write(() => (hasPartner(partnerId) ? keys.add(partnerId, key) : null)),

    listKeys: partnerId =>
      read(() =>
        hasPartner(partnerId)
          ? db.select(columns).from(apiKeys).where(eq(apiKeys.partnerId, partnerId)).orderBy(asc(apiKeys.id)).all()
          : null,
      ),

    revokeKey: id =>
      write(() => {
        const key = db.select(columns).from(apiKeys).where(eq(apiKeys.id, id)).get()
        if (!key) return null
        const after = revoked(key, now())
        db.update(apiKeys).set({ revokedAt: after.revokedAt }).where(eq(apiKeys.id, id)).run()
        return after
      }),

    findKey: id =>
      read(() => {
        const row = findKey.get({ id })
        return row ? ownerOfKey(row, now()) : null
      }),

    touchKeys: ids =>
      write(() => {
        db.update(apiKeys)
          .set({ lastUsedAt: now() })
          .where(sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`)
          .run()
      }),
  }
}

/** Keys are also created with their partner, in the same transaction. */
export const createKeyRows = ({ db, now }: Pick<Context, 'db' | 'now'>) => ({
  add: (partnerId: string, { id, hash, expiresAt = null }: NewKey): ApiKey =>
    db.insert(apiKeys).values({ id, partnerId, hash, expiresAt, createdAt: now() }).returning(columns).get(),
})
