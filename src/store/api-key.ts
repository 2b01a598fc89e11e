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
export interface KeyRow extends Pick<ApiKey, 'expiresAt' | 'revokedAt'>, Omit<KeyOwner, 'live'> {
  disabled: boolean
}

export const ownerOfKey = ({ partnerId, hash, ...row }: KeyRow, now: number): KeyOwner => {
  const isExpired = row.expiresAt !== null && row.expiresAt <= now
  return { partnerId, hash, live: row.revokedAt === null && !isExpired && !row.disabled }
}

/** A key that is revoked again stays revoked since the first time. */
export const revoked = (key: ApiKey, now: number): ApiKey => ({ ...key, revokedAt: key.revokedAt ?? now })
