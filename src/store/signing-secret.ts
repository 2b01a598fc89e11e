import type { Secret } from '../core/secret.ts'

export interface SigningSecret {
  id: string
  type: 'v1' | 'v1a'
  createdAt: number
  /** When it stops being used; null: not planned. */
  expiresAt: number | null
}

export interface RotatedSecret extends SigningSecret {
  /** When the one before it stops; null: there was none. */
  previousExpiresAt: number | null
}

export interface NewSigningSecret {
  id: string
  type: 'v1' | 'v1a'
  text: Secret
}

type Expiring = Pick<SigningSecret, 'id' | 'expiresAt'>

/** Every webhook carries a signature of each. */
export const MOST_LIVE_SECRETS = 4

/** What signs now, newest first: ids are in the order of their creation. Of more than may be live the oldest do not. */
export const liveSecrets = <Row extends Expiring>(rows: readonly Row[], now: number): Row[] =>
  rows
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .sort((one, other) => (one.id < other.id ? 1 : -1))
    .slice(0, MOST_LIVE_SECRETS)

/** Whether one more may be added; without an overlap it ends all others. */
export const mayRotate = (live: readonly Expiring[], overlapMs: number): boolean =>
  overlapMs === 0 || live.length < MOST_LIVE_SECRETS

/** When the newest of these stops, if a rotation lets it go on until `overlapEnd`; null: there is none. */
export const previousEnd = ([newest]: readonly Expiring[], overlapEnd: number): number | null =>
  newest ? Math.min(newest.expiresAt ?? overlapEnd, overlapEnd) : null

/** `newest`, `only`: it has to go on signing, and does. */
export type EndOfSecret = 'ended' | 'newest' | 'only'

/**
 * What comes of its partner's wish to end it before its time.
 *
 * @param live newest first
 * @param signing those that can be decrypted
 */
export const endOfSecret = (live: readonly Expiring[], signing: readonly Expiring[], id: string): EndOfSecret => {
  if (live[0]?.id === id) return 'newest'
  return signing.length === 1 && signing[0]?.id === id ? 'only' : 'ended'
}

/** Whose end a rotation moves to `overlapEnd`. An end that is earlier already stays: no rotation lengthens an overlap. */
export const endedByRotation = <Row extends Expiring>(rows: readonly Row[], overlapEnd: number): Row[] =>
  rows.filter(({ expiresAt }) => expiresAt === null || expiresAt > overlapEnd)
