import { ownerOfToken } from '../admin-token.ts'
import { revoked } from '../api-key.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { asc, eq, gt, sql } from './drizzle.ts'
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

export const createAdminTokens = ({ db, read, write, now }: Context): Verbs => ({
  createAdminToken: token =>
    write(() =>
      db
        .insert(adminTokens)
        .values({ ...token, createdAt: now() })
        .returning(columns)
        .get(),
    ),

  listAdminTokens: ({ limit, after }) =>
    read(() =>
      db
        .select(columns)
        .from(adminTokens)
        .where(gt(adminTokens.id, after ?? ''))
        .orderBy(asc(adminTokens.id))
        .limit(limit)
        .all(),
    ),

  revokeAdminToken: id =>
    write(() => {
      const token = db.select(columns).from(adminTokens).where(eq(adminTokens.id, id)).get()
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
