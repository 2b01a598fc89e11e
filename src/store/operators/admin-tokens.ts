import type { Role } from '../../core/role.ts'
import type { StoreContext } from '../context.ts'
import { asc, eq, gt } from '../drizzle.ts'
import { revoked, touch } from '../partners/api-keys.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

export interface NewAdminToken {
  id: string
  /** Of whoever uses it: the audit shows it. */
  name: string
  role: Role
  /** SHA-256 of the secret part. */
  hash: Buffer
  /** Null: never. */
  expiresAt: number | null
}

/** A token that opens the admin API, beside `ADMIN_TOKEN`. */
export interface AdminToken extends Omit<NewAdminToken, 'hash'> {
  createdAt: number
  lastUsedAt: number | null
  revokedAt: number | null
}

export interface AdminTokenOwner extends Pick<NewAdminToken, 'name' | 'role' | 'hash'> {
  /** Neither revoked nor expired. */
  live: boolean
}

const ownerOfToken = (
  { name, role, hash, expiresAt, revokedAt }: AdminToken & Pick<NewAdminToken, 'hash'>,
  now: number,
): AdminTokenOwner => ({ name, role, hash, live: revokedAt === null && (expiresAt === null || expiresAt > now) })

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
