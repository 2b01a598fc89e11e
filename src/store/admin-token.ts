import type { Role } from '../core/role.ts'

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

export const ownerOfToken = (
  { name, role, hash, expiresAt, revokedAt }: AdminToken & Pick<NewAdminToken, 'hash'>,
  now: number,
): AdminTokenOwner => ({ name, role, hash, live: revokedAt === null && (expiresAt === null || expiresAt > now) })
