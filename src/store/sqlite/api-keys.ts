import { type ApiKey, type NewKey, ownerOfKey, ownerOfToken, revoked } from '../api-key.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { asc, eq, gt, sql } from './drizzle.ts'
import { adminTokens, apiKeys, partners } from './schema.ts'

const KEY_COLUMNS = {
  id: apiKeys.id,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
}

export const createApiKeys = (context: Context) => {
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
          ? db.select(KEY_COLUMNS).from(apiKeys).where(eq(apiKeys.partnerId, partnerId)).orderBy(asc(apiKeys.id)).all()
          : null,
      ),

    revokeKey: id =>
      write(() => {
        const key = db.select(KEY_COLUMNS).from(apiKeys).where(eq(apiKeys.id, id)).get()
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
  } satisfies Partial<Store>
}

/** Keys are also created with their partner, in the same transaction. */
export const createKeyRows = ({ db, now }: Pick<Context, 'db' | 'now'>) => ({
  add: (partnerId: string, { id, hash, expiresAt = null }: NewKey): ApiKey =>
    db.insert(apiKeys).values({ id, partnerId, hash, expiresAt, createdAt: now() }).returning(KEY_COLUMNS).get(),
})

type TokenVerbs = Pick<
  Store,
  'createAdminToken' | 'listAdminTokens' | 'revokeAdminToken' | 'findAdminToken' | 'touchAdminTokens'
>

const TOKEN_COLUMNS = {
  id: adminTokens.id,
  name: adminTokens.name,
  role: adminTokens.role,
  createdAt: adminTokens.createdAt,
  lastUsedAt: adminTokens.lastUsedAt,
  expiresAt: adminTokens.expiresAt,
  revokedAt: adminTokens.revokedAt,
}

export const createAdminTokens = ({ db, read, write, now }: Context): TokenVerbs => ({
  createAdminToken: token =>
    write(() =>
      db
        .insert(adminTokens)
        .values({ ...token, createdAt: now() })
        .returning(TOKEN_COLUMNS)
        .get(),
    ),

  listAdminTokens: ({ limit, after }) =>
    read(() =>
      db
        .select(TOKEN_COLUMNS)
        .from(adminTokens)
        .where(gt(adminTokens.id, after ?? ''))
        .orderBy(asc(adminTokens.id))
        .limit(limit)
        .all(),
    ),

  revokeAdminToken: id =>
    write(() => {
      const token = db.select(TOKEN_COLUMNS).from(adminTokens).where(eq(adminTokens.id, id)).get()
      if (!token) return null
      const after = revoked(token, now())
      db.update(adminTokens).set({ revokedAt: after.revokedAt }).where(eq(adminTokens.id, id)).run()
      return after
    }),

  findAdminToken: id =>
    read(() => {
      const row = db.select().from(adminTokens).where(eq(adminTokens.id, id)).get()
      return row ? ownerOfToken(row, now()) : null
    }),

  touchAdminTokens: ids =>
    write(() => {
      db.update(adminTokens)
        .set({ lastUsedAt: now() })
        .where(sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`)
        .run()
    }),
})
