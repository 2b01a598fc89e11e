import type { StoreContext } from '../context.ts'
import { asc, eq, getTableColumns, gt } from '../drizzle.ts'
import { idOf, pageOf } from '../page.ts'
import { isValid, revoke, touch } from '../partners/api-keys.ts'
import type { Store } from '../store.ts'
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

export const createAdminTokens = ({ read, write }: StoreContext) =>
  ({
    createAdminToken: ({ hash, ...token }) =>
      write(async tx => {
        await tx.insert('adminTokens', [{ ...token, hash, createdAt: tx.at }])
        return { ...token, createdAt: tx.at, lastUsedAt: null, revokedAt: null }
      }),

    listAdminTokens: ({ limit, after }) =>
      read(async tx => {
        const { adminTokens } = tx.schema
        const later = tx.db
          .select(viewOf(tx))
          .from(adminTokens)
          .where(gt(adminTokens.id, after ?? ''))
        return pageOf(await later.orderBy(asc(adminTokens.id)).limit(limit + 1), limit, idOf)
      }),

    revokeAdminToken: id =>
      write(async tx => {
        const { adminTokens } = tx.schema
        await revoke(tx, 'admin_tokens', id)
        const [token] = await tx.db.select(viewOf(tx)).from(adminTokens).where(eq(adminTokens.id, id))
        return token ?? null
      }),

    findAdminToken: id =>
      read(async ({ db, at, schema: { adminTokens } }) => {
        const [row] = await db.select().from(adminTokens).where(eq(adminTokens.id, id))
        return row ? { name: row.name, role: row.role, hash: row.hash, live: isValid(row, at) } : null
      }),

    touchAdminTokens: ids => write(tx => touch(tx, 'adminTokens', ids)),
  }) satisfies Partial<Store>
