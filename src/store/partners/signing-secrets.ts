import { DAY, readDuration } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { Secret } from '../../core/secret.ts'
import { stopClaims } from '../claims-lock.ts'
import type { VerbModule } from '../context.ts'
import { and, eq } from '../drizzle.ts'
import type { Opening, Sealed } from '../sealed.ts'
import { columnsOf, type Row, type Sql, type Tx } from '../tx.ts'

/** `expiresAt`: end of its use; null: not planned. */
export type SigningSecret = Omit<Row<'signingSecrets'>, 'partnerId' | 'secret'>

export interface RotatedSecret extends SigningSecret {
  /** When the previous secret ends; null: there was none. */
  previousExpiresAt: number | null
}

export interface NewSigningSecret extends Pick<SigningSecret, 'id' | 'type'> {
  text: Secret
}

type Expiring = Pick<SigningSecret, 'id' | 'expiresAt'>

/** Maximum number of live secrets. Every webhook carries a signature of each. */
export const MAX_LIVE_SECRETS = 4

/** How long the present secrets stay live after a rotation by default. */
export const DEFAULT_OVERLAP_MS = DAY
const MAX_OVERLAP_MS = 30 * DAY
export const OVERLAP_RULE: Words = {
  en: 'must be a duration from 0s to 30d, such as 24h',
  zh: '必须是 0s 到 30d 的时长，例如 24h',
}
/** Returns ms, or null if the text breaks the rule. */
export const readOverlap = (text: string): number | null => {
  const ms = readDuration(text)
  return ms !== null && ms <= MAX_OVERLAP_MS ? ms : null
}

/** Returns the live secrets, newest first (ids are in the order of creation), at most `MAX_LIVE_SECRETS`. */
export const liveSecrets = <Row extends Expiring>(rows: readonly Row[], now: number): Row[] =>
  rows
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .sort((one, other) => (one.id < other.id ? 1 : -1))
    .slice(0, MAX_LIVE_SECRETS)

/** Returns whether one more may be added. Without an overlap, the new secret ends all others. */
export const mayRotate = (live: readonly Expiring[], overlapMs: number): boolean =>
  overlapMs === 0 || live.length < MAX_LIVE_SECRETS

/** Returns when the newest of these ends if a rotation's overlap ends at `overlapEnd`; null if there is none. */
const previousEnd = ([newest]: readonly Expiring[], overlapEnd: number): number | null =>
  newest ? Math.min(newest.expiresAt ?? overlapEnd, overlapEnd) : null

/** `newest`: it stays live, because it has to go on signing. */
export type EndOfSecret = 'ended' | 'newest'

/**
 * Decides whether a partner may end a secret early. The newest is the one without an end: of two added at the same
 * time, ids do not show which came last.
 */
const endOfSecret = ({ expiresAt }: Expiring): EndOfSecret => (expiresAt === null ? 'newest' : 'ended')

/** Returns the secrets that a rotation ends at `overlapEnd`. Earlier ends stay: no rotation lengthens an overlap. */
export const endedByRotation = <Row extends Expiring>(rows: readonly Row[], overlapEnd: number): Row[] =>
  rows.filter(({ expiresAt }) => expiresAt === null || expiresAt > overlapEnd)

/** None of a partner's secrets can be decrypted. */
const secretsUnreadable = (): AppError =>
  new AppError('unavailable', {
    en: 'Your signing secrets cannot be read at the moment. Rotate, and use the new one, or wait until the operator has restored them.',
    zh: '暂时无法读取您的签名密钥。请更换密钥，或等待运维人员恢复。',
  })

export const signingSecretVerbs = {
  lookups: context => ({
    /**
     * Returns the secrets that sign the partner's webhooks now, newest first, without any that cannot be decrypted.
     * Throws `AppError('unavailable')` if none of them can.
     */
    liveSecrets: (partnerId: string): Promise<readonly Secret[]> =>
      context.read(async tx => {
        const live = (await openSecrets(tx, [partnerId], context)).get(partnerId) ?? []
        if (live.length === 0 && (await loadSecrets(tx, [partnerId])).length > 0) throw secretsUnreadable()
        return live
      }),
  }),

  calls: ({ read, write, queued, emitHints, sealed }) => ({
    /** The live ones, newest first. */
    listSigningSecrets: (partnerId: string): Promise<SigningSecret[]> =>
      queued(partnerId, () =>
        read(async tx => {
          const rows = await loadSecrets(tx, [partnerId])
          return liveSecrets(rows, tx.at).map(({ partnerId: _, secret, ...view }) => view)
        }),
      ),

    /**
     * Adds a secret. The earlier ones stay live for `overlapMs`, or less if they end sooner. Returns null if the
     * maximum is live and an overlap would exceed it.
     */
    rotateSigningSecret: async (
      partnerId: string,
      added: NewSigningSecret,
      overlapMs: number,
    ): Promise<RotatedSecret | null> => {
      const { rotated, ended } = await write(async tx => {
        await tx.lock([lockOf(partnerId)])
        if (overlapMs === 0) await stopClaims(tx)
        const rows = await loadSecrets(tx, [partnerId])
        const live = liveSecrets(rows, tx.at)
        if (!mayRotate(live, overlapMs)) return { rotated: null, ended: 0 }
        const expiresAt = tx.at + overlapMs
        const changed = await expireBy(tx, rows, expiresAt)
        const view = await addSecret(tx, partnerId, added, sealed)
        const rotated = { ...view, previousExpiresAt: previousEnd(live, expiresAt) }
        return { rotated, ended: overlapMs === 0 ? changed : 0 }
      })
      if (ended > 0) emitHints([['withdrawn', { partnerId, registrationId: null }]])
      return rotated
    },

    /** Ends it now. Changes nothing if it has ended. */
    endSigningSecret: async (partnerId: string, id: string): Promise<EndOfSecret | null> => {
      let isEnding = false
      try {
        return await write(async tx => {
          await tx.lock([lockOf(partnerId)])
          const { signingSecrets } = tx.schema
          const isTarget = and(eq(signingSecrets.id, id), eq(signingSecrets.partnerId, partnerId))
          const [row] = await tx.select().from(signingSecrets).where(isTarget)
          if (!row) return null
          const outcome = endOfSecret(row)
          isEnding = outcome === 'ended' && endedByRotation([row], tx.at).length > 0
          // Only the end of a live secret makes claims wait.
          if (isEnding) {
            await stopClaims(tx)
            await expireBy(tx, [row], tx.at)
          }
          return outcome
        })
      } finally {
        // Also if the response to the COMMIT is lost: a repeated call finds it ended and emits nothing.
        if (isEnding) emitHints([['withdrawn', { partnerId, registrationId: null }]])
      }
    },
  }),
} satisfies VerbModule

/** One lock per partner: the maximum is over all its secrets. */
const lockOf = (partnerId: string): string => `signing secrets of ${partnerId}`

/** Moves all later ends to `expiresAt`. Returns how many it moved. */
const expireBy = async (tx: Tx, rows: readonly SigningSecret[], expiresAt: number): Promise<number> => {
  const ended = endedByRotation(rows, expiresAt).map(({ id }) => ({ id, expiresAt }))
  await tx.update('signingSecrets', ['id'], ended)
  return ended.length
}

/** Secrets that have not ended. */
const LIVE: Sql = d => `
  SELECT ${columnsOf('signingSecrets', ['id', 'partnerId', 'type', 'secret', 'createdAt', 'expiresAt'])} FROM signing_secrets
  WHERE partner_id IN ${d.list('partnerIds', 'text')} AND (expires_at IS NULL OR expires_at > @at)`

const loadSecrets = ({ all, at }: Tx, partnerIds: readonly string[]) =>
  all<Row<'signingSecrets'>>(LIVE, { partnerIds, at })

/** Returns each partner's live secrets that can be decrypted, newest first. */
export const openSecrets = async (
  tx: Tx,
  partnerIds: readonly string[],
  { sealed, openOrElse }: Opening,
): Promise<ReadonlyMap<string, readonly Secret[]>> => {
  const rows = partnerIds.length === 0 ? [] : await loadSecrets(tx, partnerIds)
  const openRow = (row: Row<'signingSecrets'>) =>
    openOrElse({ table: 'signing_secrets', id: row.id }, { open: () => [sealed.signingSecret.open(row)], instead: [] })
  return new Map(
    [...Map.groupBy(rows, ({ partnerId }) => partnerId)].map(([id, all]) => [
      id,
      liveSecrets(all, tx.at).flatMap(openRow),
    ]),
  )
}

export const addSecret = async (
  tx: Tx,
  partnerId: string,
  { id, type, text }: NewSigningSecret,
  sealed: Sealed,
): Promise<SigningSecret> => {
  const view = { id, type, createdAt: tx.at, expiresAt: null }
  const secret = sealed.signingSecret.seal({ id, partnerId }, text)
  await tx.insert('signingSecrets', [{ ...view, partnerId, secret }])
  return view
}
