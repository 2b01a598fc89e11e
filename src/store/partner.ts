import type { Secret } from '../core/secret.ts'

export interface Partner {
  id: string
  name: string
  disabled: boolean
  /** `thin` webhooks leave out the scores and the message. */
  payload: 'full' | 'thin'
  quotas: Quotas
  createdAt: number
}

export interface NewPartner {
  id: string
  name: string
  key: NewKey
  secret: { id: string; text: Secret }
}

/** Null: no limit. */
export interface Quotas {
  /** Registrations that wait for their verdict. */
  pending: number | null
  /** Different callback hosts. */
  hosts: number | null
  /** New registrations in 24 hours. */
  daily: number | null
}

export interface PartnerChange {
  name?: string | undefined
  disabled?: boolean | undefined
  payload?: 'full' | 'thin' | undefined
  quotas?: { [Quota in keyof Quotas]?: Quotas[Quota] | undefined } | undefined
}

/** What a partner has used of its quotas. */
export interface Usage {
  pending: number
  hosts: number
  daily: number
}

export interface SigningSecret {
  id: string
  type: 'v1' | 'v1a'
  createdAt: number
  /** When it stops being used; null: not planned. */
  expiresAt: number | null
}

export interface NewSigningSecret {
  id: string
  type: 'v1' | 'v1a'
  text: Secret
}

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
