import type { Role } from '../core/role.ts'

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
