import type { VerbModule } from '../context.ts'
import { asc, eq, getTableColumns } from '../drizzle.ts'
import { columnsOf, type Row, type Sql, type Tx } from '../tx.ts'

export interface NewKey {
  id: string
  /** SHA-256 of the secret part. */
  hash: Buffer
  /** Null: it never expires. */
  expiresAt?: number | null | undefined
}

export type ApiKey = Omit<Row<'apiKeys'>, 'partnerId' | 'hash'>

export interface KeyOwner extends Pick<Row<'apiKeys'>, 'partnerId' | 'hash'> {
  /** Neither revoked, nor expired, nor of a disabled partner. */
  live: boolean
}

/** Whether a key or a token is neither revoked nor expired. */
export const isValid = ({ expiresAt, revokedAt }: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, now: number): boolean =>
  revokedAt === null && (expiresAt === null || expiresAt > now)

const viewOf = ({ schema: { apiKeys } }: Tx) => {
  const { partnerId: _, hash: __, ...view } = getTableColumns(apiKeys)
  return view
}

/** Maximum number of live keys for a partner that adds one itself, and of revoked ones that it keeps. */
export const MAX_OWN_KEYS = 10
const REVOKED_KEPT = 50
const FORGET = `
  DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE partner_id = @partnerId AND revoked_at IS NOT NULL
    ORDER BY id DESC LIMIT 100 OFFSET ${REVOKED_KEPT})`
/** Taken by a partner that adds or ends a key: two keys cannot end each other. */
const lockOf = (partnerId: string): string => `API keys of ${partnerId}`

/** Runs for each request, so it does without the builder. */
const FIND_OWNER = `
  SELECT ${columnsOf('apiKeys', ['partnerId', 'hash', 'expiresAt', 'revokedAt'], 'k')}, p.disabled AS "isDisabled"
  FROM api_keys k JOIN partners p ON p.id = k.partner_id WHERE k.id = @id`

export const apiKeyVerbs = {
  lookups: ({ read }) => ({
    findKey: (id: string): Promise<KeyOwner | null> =>
      read(async tx => {
        const [row] = await tx.all<Row<'apiKeys'> & { isDisabled: boolean }>(FIND_OWNER, { id })
        return row ? { partnerId: row.partnerId, hash: row.hash, live: isValid(row, tx.at) && !row.isDisabled } : null
      }),
  }),

  calls: ({ read, write }) => ({
    /** Returns null if there is no such partner. */
    createKey: (partnerId: string, key: NewKey): Promise<ApiKey | null> =>
      write(async tx => ((await hasPartner(tx, partnerId)) ? addKey(tx, partnerId, key) : null)),

    listKeys: (partnerId: string): Promise<ApiKey[] | null> =>
      read(async tx => {
        return (await hasPartner(tx, partnerId)) ? keysOf(tx, partnerId) : null
      }),

    /** A revoked key stays as it is. */
    revokeKey: (id: string): Promise<ApiKey | null> =>
      write(async tx => {
        const { apiKeys } = tx.schema
        await revoke(tx, 'api_keys', id)
        const [key] = await tx.select(viewOf(tx)).from(apiKeys).where(eq(apiKeys.id, id))
        return key ?? null
      }),

    /** Adds a key of the partner's own. Returns false if the maximum is live. */
    addOwnKey: (partnerId: string, key: NewKey): Promise<boolean> =>
      write(async tx => {
        await tx.lock([lockOf(partnerId)])
        if ((await keysOf(tx, partnerId)).filter(one => isValid(one, tx.at)).length >= MAX_OWN_KEYS) return false
        await tx.all(FORGET, { partnerId })
        await addKey(tx, partnerId, key)
        return true
      }),

    /** Ends a key of the partner's own. `calling`: it is the key of the call, or that one is not live any more. */
    endOwnKey: (partnerId: string, id: string, calling: string): Promise<'ended' | 'calling' | null> =>
      write(async tx => {
        await tx.lock([lockOf(partnerId)])
        const keys = await keysOf(tx, partnerId)
        if (!keys.some(one => one.id === id)) return null
        if (id === calling || !keys.some(one => one.id === calling && isValid(one, tx.at))) return 'calling'
        await revoke(tx, 'api_keys', id)
        return 'ended'
      }),

    /** Records that these keys were used now. */
    touchKeys: (ids: readonly string[]): Promise<void> => write(tx => touch(tx, 'apiKeys', ids)),
  }),
} satisfies VerbModule

const keysOf = (tx: Tx, partnerId: string): Promise<ApiKey[]> => {
  const { apiKeys } = tx.schema
  return tx.select(viewOf(tx)).from(apiKeys).where(eq(apiKeys.partnerId, partnerId)).orderBy(asc(apiKeys.id))
}

/** A repeated revocation keeps the time of the first one. */
export const revoke = (tx: Tx, table: 'api_keys' | 'admin_tokens', id: string): Promise<unknown> =>
  tx.all(`UPDATE ${table} SET revoked_at = @at WHERE id = @id AND revoked_at IS NULL`, { at: tx.at, id })

const lock =
  (table: 'api_keys' | 'admin_tokens'): Sql =>
  d =>
    `SELECT id FROM ${table} WHERE id IN ${d.list('ids', 'text')} ORDER BY id ${d.forUpdate()}`
const LOCK = { apiKeys: lock('api_keys'), adminTokens: lock('admin_tokens') }

/** In id order, so that two nodes do not wait for each other. */
export const touch = async (tx: Tx, table: 'apiKeys' | 'adminTokens', ids: readonly string[]): Promise<void> => {
  const found = await tx.all<{ id: string }>(LOCK[table], { ids })
  const used = found.map(({ id }) => ({ id, lastUsedAt: tx.at }))
  await tx.update(table, ['id'], used)
}

const hasPartner = async ({ select, schema: { partners } }: Tx, id: string): Promise<boolean> =>
  (await select({ id: partners.id }).from(partners).where(eq(partners.id, id))).length > 0

/** Keys are also created with their partner, in the same transaction. */
export const addKey = async (tx: Tx, partnerId: string, { id, hash, expiresAt = null }: NewKey): Promise<ApiKey> => {
  await tx.insert('apiKeys', [{ id, partnerId, hash, expiresAt, createdAt: tx.at }])
  return { id, createdAt: tx.at, lastUsedAt: null, expiresAt, revokedAt: null }
}
