import type { VerbModule } from '../context.ts'
import { asc, eq, getTableColumns, gt } from '../drizzle.ts'
import { idOf, type Page, pageOf } from '../page.ts'
import { isValid, revoke, touch } from '../partners/api-keys.ts'
import type { Row, Tx } from '../tx.ts'

/** `name` is that of its user, as shown in the audit. */
export type NewAdminToken = Omit<Row<'adminTokens'>, 'createdAt' | 'lastUsedAt' | 'revokedAt'>

/** A token for the admin API, beside `ADMIN_TOKEN`. */
export type AdminToken = Omit<Row<'adminTokens'>, 'hash'>

export interface AdminTokenOwner extends Pick<NewAdminToken, 'name' | 'role' | 'hash'> {
  /** Neither revoked nor expired. */
  live: boolean
}

const viewOf = ({ schema: { adminTokens } }: Tx) => {
  const { hash: _, ...view } = getTableColumns(adminTokens)
  return view
}

export const adminTokenVerbs = {
  lookups: ({ read }) => ({
    findAdminToken: (id: string): Promise<AdminTokenOwner | null> =>
      read(async ({ select, at, schema: { adminTokens } }) => {
        const [row] = await select().from(adminTokens).where(eq(adminTokens.id, id))
        return row ? { name: row.name, role: row.role, hash: row.hash, live: isValid(row, at) } : null
      }),
  }),

  calls: ({ read, write }) => ({
    createAdminToken: ({ hash, ...token }: NewAdminToken): Promise<AdminToken> =>
      write(async tx => {
        await tx.insert('adminTokens', [{ ...token, hash, createdAt: tx.at }])
        return { ...token, createdAt: tx.at, lastUsedAt: null, revokedAt: null }
      }),

    /** Oldest first, at most `limit`, after the token `after`. */
    listAdminTokens: ({ limit, after }: { limit: number; after: string | null }): Promise<Page<AdminToken>> =>
      read(async tx => {
        const { adminTokens } = tx.schema
        const later = tx
          .select(viewOf(tx))
          .from(adminTokens)
          .where(gt(adminTokens.id, after ?? ''))
        return pageOf(await later.orderBy(asc(adminTokens.id)).limit(limit + 1), limit, idOf)
      }),

    /** Returns the token, or null if it does not exist. A token revoked before stays as it is. */
    revokeAdminToken: (id: string): Promise<AdminToken | null> =>
      write(async tx => {
        const { adminTokens } = tx.schema
        await revoke(tx, 'admin_tokens', id)
        const [token] = await tx.select(viewOf(tx)).from(adminTokens).where(eq(adminTokens.id, id))
        return token ?? null
      }),

    /** Records that these tokens are in use now. */
    touchAdminTokens: (ids: readonly string[]): Promise<void> => write(tx => touch(tx, 'adminTokens', ids)),
  }),
} satisfies VerbModule
