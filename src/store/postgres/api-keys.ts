import { type ApiKey, type NewKey, ownerOfKey, ownerOfToken, revoked } from '../api-key.ts'
import type { AdminToken, Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { asc, eq, gt } from './drizzle.ts'
import { adminTokens, apiKeys, partners } from './schema.ts'

type KeyVerbs = Pick<Store, 'createKey' | 'listKeys' | 'revokeKey' | 'findKey' | 'touchKeys'>

const KEY_COLUMNS = {
  id: apiKeys.id,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
}

export const createApiKeys = ({ read, write }: Pick<Context, 'read' | 'write'>): KeyVerbs => ({
  createKey: (partnerId, key) =>
    write(async tx => ((await hasPartner(tx, partnerId)) ? addKey(tx, partnerId, key) : null)),

  listKeys: partnerId =>
    read(async tx =>
      (await hasPartner(tx, partnerId))
        ? tx.db.select(KEY_COLUMNS).from(apiKeys).where(eq(apiKeys.partnerId, partnerId)).orderBy(asc(apiKeys.id))
        : null,
    ),

  revokeKey: id =>
    write(async ({ db, at }) => {
      const [key] = await db.select(KEY_COLUMNS).from(apiKeys).where(eq(apiKeys.id, id)).for('no key update')
      if (!key) return null
      const after = revoked(key, at)
      await db.update(apiKeys).set({ revokedAt: after.revokedAt }).where(eq(apiKeys.id, id))
      return after
    }),

  findKey: id =>
    read(async ({ db, at }) => {
      const { partnerId, hash, expiresAt, revokedAt } = apiKeys
      const [row] = await db
        .select({
          ...{ partnerId, hash, expiresAt, revokedAt, disabled: partners.disabled },
        })
        .from(apiKeys)
        .innerJoin(partners, eq(partners.id, apiKeys.partnerId))
        .where(eq(apiKeys.id, id))
      return row ? ownerOfKey(row, at) : null
    }),

  touchKeys: ids => write(tx => touch(tx, 'api_keys', ids)),
})

/** In the order of their ids, so that two nodes do not wait for each other. */
const touch = async (tx: Tx, table: 'api_keys' | 'admin_tokens', ids: readonly string[]): Promise<void> => {
  if (ids.length === 0) return
  await tx.rows(
    `UPDATE ${table} SET last_used_at = $2 WHERE id IN (
       SELECT id FROM ${table} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)`,
    [ids, tx.at],
  )
}

const hasPartner = async ({ db }: Tx, id: string): Promise<boolean> =>
  (await db.select({ id: partners.id }).from(partners).where(eq(partners.id, id))).length > 0

/** Keys are also created with their partner, in the same transaction. */
export const addKey = async (
  { db, at }: Tx,
  partnerId: string,
  { id, hash, expiresAt = null }: NewKey,
): Promise<ApiKey> => {
  const [key] = await db
    .insert(apiKeys)
    .values({ id, partnerId, hash, expiresAt, createdAt: at })
    .returning(KEY_COLUMNS)
  return key as ApiKey
}

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

export const createAdminTokens = ({ read, write }: Pick<Context, 'read' | 'write'>): TokenVerbs => ({
  createAdminToken: token =>
    write(async ({ db, at }) => {
      const [created] = await db
        .insert(adminTokens)
        .values({ ...token, createdAt: at })
        .returning(TOKEN_COLUMNS)
      return created as AdminToken
    }),

  listAdminTokens: ({ limit, after }) =>
    read(({ db }) =>
      db
        .select(TOKEN_COLUMNS)
        .from(adminTokens)
        .where(gt(adminTokens.id, after ?? ''))
        .orderBy(asc(adminTokens.id))
        .limit(limit),
    ),

  revokeAdminToken: id =>
    write(async ({ db, at }) => {
      const [token] = await db
        .select(TOKEN_COLUMNS)
        .from(adminTokens)
        .where(eq(adminTokens.id, id))
        .for('no key update')
      if (!token) return null
      const after = revoked(token, at)
      await db.update(adminTokens).set({ revokedAt: after.revokedAt }).where(eq(adminTokens.id, id))
      return after
    }),

  findAdminToken: id =>
    read(async ({ db, at }) => {
      const [row] = await db.select().from(adminTokens).where(eq(adminTokens.id, id))
      return row ? ownerOfToken(row, at) : null
    }),

  touchAdminTokens: ids => write(tx => touch(tx, 'admin_tokens', ids)),
})
