import { ownerOfToken } from '../admin-token.ts'
import { revoked } from '../api-key.ts'
import type { AdminToken, Store } from '../store.ts'
import type { Context } from './context.ts'
import { asc, eq, gt, inArray } from './drizzle.ts'
import { adminTokens } from './schema.ts'

type Verbs = Pick<
  Store,
  'createAdminToken' | 'listAdminTokens' | 'revokeAdminToken' | 'findAdminToken' | 'touchAdminTokens'
>

const columns = {
  id: adminTokens.id,
  name: adminTokens.name,
  role: adminTokens.role,
  createdAt: adminTokens.createdAt,
  lastUsedAt: adminTokens.lastUsedAt,
  expiresAt: adminTokens.expiresAt,
  revokedAt: adminTokens.revokedAt,
}

export const createAdminTokens = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => ({
  createAdminToken: token =>
    write(async ({ db, at }) => {
      const [created] = await db
        .insert(adminTokens)
        .values({ ...token, createdAt: at })
        .returning(columns)
      return created as AdminToken
    }),

  listAdminTokens: ({ limit, after }) =>
    read(({ db }) =>
      db
        .select(columns)
        .from(adminTokens)
        .where(gt(adminTokens.id, after ?? ''))
        .orderBy(asc(adminTokens.id))
        .limit(limit),
    ),

  revokeAdminToken: id =>
    write(async ({ db, at }) => {
      const [token] = await db.select(columns).from(adminTokens).where(eq(adminTokens.id, id)).for('no key update')
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

  touchAdminTokens: ids =>
    write(async ({ db, at }) => {
      if (ids.length === 0) return
      // In the order of their ids, so that two nodes do not wait for each other.
      const touched = db
        .select({ id: adminTokens.id })
        .from(adminTokens)
        .where(inArray(adminTokens.id, [...ids]))
      const locked = touched.orderBy(asc(adminTokens.id)).for('no key update')
      await db.update(adminTokens).set({ lastUsedAt: at }).where(inArray(adminTokens.id, locked))
    }),
})
