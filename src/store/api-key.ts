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
