import type { StoreContext } from '../context.ts'
import { asc, eq, inArray } from '../drizzle.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Tx } from '../tx.ts'

export interface NewKey {
  id: string
  /** SHA-256 of the secret part. */
  hash: Buffer
  /** Null: never. */
  expiresAt?: number | null | undefined
}

export interface ApiKey {
  id: string
  createdAt: number
  lastUsedAt: number | null
  expiresAt: number | null
  revokedAt: number | null
}

export interface KeyOwner {
  partnerId: string
  hash: Buffer
  /** Neither revoked, nor expired, nor of a disabled partner. */
  live: boolean
}

/** A key as it is stored, with what its partner adds to it. */
export interface KeyRow extends Pick<ApiKey, 'expiresAt' | 'revokedAt'>, Pick<KeyOwner, 'partnerId' | 'hash'> {
  disabled: boolean
}

export const ownerOfKey = ({ partnerId, hash, ...row }: KeyRow, now: number): KeyOwner => {
  const isExpired = row.expiresAt !== null && row.expiresAt <= now
  const live = row.revokedAt === null && !isExpired && !row.disabled
  return { partnerId, hash, live }
}

/** A key or a token that is revoked again stays revoked since the first time. */
export const revoked = <Key extends Pick<ApiKey, 'revokedAt'>>(key: Key, now: number): Key => ({
  ...key,
  revokedAt: key.revokedAt ?? now,
})

type Verbs = Pick<Store, 'createKey' | 'listKeys' | 'revokeKey' | 'findKey' | 'touchKeys'>

const viewOf = ({ schema: { apiKeys } }: Tx) => ({
  id: apiKeys.id,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
})

/** For each request, so not by the builder. */
const FIND_OWNER = `
  SELECT ${columnsOf('apiKeys', ['partnerId', 'hash', 'expiresAt', 'revokedAt'], 'k')}, p.disabled
  FROM api_keys k JOIN partners p ON p.id = k.partner_id WHERE k.id = @id`

export const createApiKeys = ({ read, write }: Pick<StoreContext, 'read' | 'write'>): Verbs => ({
  createKey: (partnerId, key) =>
    write(async tx => ((await hasPartner(tx, partnerId)) ? addKey(tx, partnerId, key) : null)),

  listKeys: partnerId =>
    read(async tx => {
      const { apiKeys } = tx.schema
      if (!(await hasPartner(tx, partnerId))) return null
      return tx.db.select(viewOf(tx)).from(apiKeys).where(eq(apiKeys.partnerId, partnerId)).orderBy(asc(apiKeys.id))
    }),

  revokeKey: id =>
    write(async tx => {
      const { apiKeys } = tx.schema
      const [key] = await tx.dialect.locked(tx.db.select(viewOf(tx)).from(apiKeys).where(eq(apiKeys.id, id)))
      if (!key) return null
      const after = revoked(key, tx.at)
      await tx.db.update(apiKeys).set({ revokedAt: after.revokedAt }).where(eq(apiKeys.id, id))
      return after
    }),

  findKey: id =>
    read(async tx => {
      const [row] = await tx.all<KeyRow>(FIND_OWNER, { id })
      return row ? ownerOfKey(row, tx.at) : null
    }),

  touchKeys: ids => write(tx => touch(tx, 'apiKeys', ids)),
})

/** In the order of their ids, so that two nodes do not wait for each other. */
export const touch = async (tx: Tx, table: 'apiKeys' | 'adminTokens', ids: readonly string[]): Promise<void> => {
  const { id } = tx.schema[table]
  const wanted = tx.db
    .select({ id })
    .from(tx.schema[table])
    .where(inArray(id, [...ids]))
    .orderBy(asc(id))
  const found = await tx.dialect.locked(wanted)
  await tx.update(
    table,
    ['id'],
    found.map(one => ({ ...one, lastUsedAt: tx.at })),
  )
}

const hasPartner = async ({ db, schema: { partners } }: Tx, id: string): Promise<boolean> =>
  (await db.select({ id: partners.id }).from(partners).where(eq(partners.id, id))).length > 0

/** Keys are also created with their partner, in the same transaction. */
export const addKey = async (tx: Tx, partnerId: string, { id, hash, expiresAt = null }: NewKey): Promise<ApiKey> => {
  await tx.insert('apiKeys', [{ id, partnerId, hash, expiresAt, createdAt: tx.at }])
  return { id, createdAt: tx.at, lastUsedAt: null, expiresAt, revokedAt: null }
}
