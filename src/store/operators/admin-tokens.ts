import { ownerOfToken, revoked } from '../api-key.ts'
import type { StoreContext } from '../context.ts'
import { asc, eq, gt } from '../drizzle.ts'
import { touch } from '../partners/api-keys.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

type Verbs = Pick<
  Store,
  'createAdminToken' | 'listAdminTokens' | 'revokeAdminToken' | 'findAdminToken' | 'touchAdminTokens'
>

const viewOf = ({ schema: { adminTokens } }: Tx) => ({
  id: adminTokens.id,
  name: adminTokens.name,
  role: adminTokens.role,
  createdAt: adminTokens.createdAt,
  lastUsedAt: adminTokens.lastUsedAt,
  expiresAt: adminTokens.expiresAt,
  revokedAt: adminTokens.revokedAt,
})

export const createAdminTokens = ({ read, write }: Pick<StoreContext, 'read' | 'write'>): Verbs => ({
  createAdminToken: token =>
    write(async tx => {
      await tx.insert('adminTokens', [{ ...token, createdAt: tx.at }])
      const { hash: _, ...view } = token
      return { ...view, createdAt: tx.at, lastUsedAt: null, revokedAt: null }
    }),

  listAdminTokens: ({ limit, after }) =>
    read(tx => {
      const { adminTokens } = tx.schema
      const later = tx.db
        .select(viewOf(tx))
        .from(adminTokens)
        .where(gt(adminTokens.id, after ?? ''))
      return later.orderBy(asc(adminTokens.id)).limit(limit)
    }),

  revokeAdminToken: id =>
    write(async tx => {
      const { adminTokens } = tx.schema
      const [token] = await tx.dialect.locked(tx.db.select(viewOf(tx)).from(adminTokens).where(eq(adminTokens.id, id)))
      if (!token) return null
      const after = revoked(token, tx.at)
      await tx.db.update(adminTokens).set({ revokedAt: after.revokedAt }).where(eq(adminTokens.id, id))
      return after
    }),

  findAdminToken: id =>
    read(async ({ db, at, schema: { adminTokens } }) => {
      const [row] = await db.select().from(adminTokens).where(eq(adminTokens.id, id))
      return row ? ownerOfToken(row, at) : null
    }),

  touchAdminTokens: ids => write(tx => touch(tx, 'adminTokens', ids)),
})
