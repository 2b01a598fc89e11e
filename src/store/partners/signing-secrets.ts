import { DAY, readDuration } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { Secret } from '../../core/secret.ts'
import { stopClaims } from '../claims-lock.ts'
import type { StoreContext } from '../context.ts'
import { and, eq } from '../drizzle.ts'
import type { Opening, Sealed } from '../sealed.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Row, type Sql, type Tx } from '../tx.ts'

/** `expiresAt`: when it stops being used; null: not planned. */
export type SigningSecret = Omit<Row<'signingSecrets'>, 'partnerId' | 'secret'>

export interface RotatedSecret extends SigningSecret {
  /** When the one before it stops; null: there was none. */
  previousExpiresAt: number | null
}

export interface NewSigningSecret extends Pick<SigningSecret, 'id' | 'type'> {
  text: Secret
}

type Expiring = Pick<SigningSecret, 'id' | 'expiresAt'>

/** Every webhook carries a signature of each. */
export const MOST_LIVE_SECRETS = 4

/** How long the present ones sign on after a rotation. */
export const DEFAULT_OVERLAP_MS = DAY
const LONGEST_OVERLAP_MS = 30 * DAY
export const OVERLAP_RULE: Words = {
  en: 'must be a duration from 0s to 30d, such as 24h',
  zh: '必须是 0s 到 30d 的时长，例如 24h',
}
/** Null: it is against the rule. */
export const readOverlap = (text: string): number | null => {
  const ms = readDuration(text)
  return ms !== null && ms <= LONGEST_OVERLAP_MS ? ms : null
}

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
const previousEnd = ([newest]: readonly Expiring[], overlapEnd: number): number | null =>
  newest ? Math.min(newest.expiresAt ?? overlapEnd, overlapEnd) : null

/** `newest`: it has to go on signing, and does. */
export type EndOfSecret = 'ended' | 'newest'

/**
 * What comes of its partner's wish to end it before its time. The last to be added is the one without an end: where two were added at the
 * same time, ids do not tell which that was.
 */
const endOfSecret = ({ expiresAt }: Expiring): EndOfSecret => (expiresAt === null ? 'newest' : 'ended')

/** Whose end a rotation moves to `overlapEnd`. An end that is earlier already stays: no rotation lengthens an overlap. */
export const endedByRotation = <Row extends Expiring>(rows: readonly Row[], overlapEnd: number): Row[] =>
  rows.filter(({ expiresAt }) => expiresAt === null || expiresAt > overlapEnd)

/** None of a partner's secrets can be decrypted. */
const secretsUnreadable = (): AppError =>
  new AppError('unavailable', {
    en: 'Your signing secrets cannot be read at the moment. Rotate, and use the new one, or wait until the operator has restored them.',
    zh: '暂时无法读取您的签名密钥。请更换密钥，或等待运维人员恢复。',
  })

export const createSigningSecrets = (context: StoreContext) => {
  const { read, write, tell } = context

  return {
    liveSecrets: partnerId =>
      read(async tx => {
        const live = (await openSecrets(tx, [partnerId], context)).get(partnerId) ?? []
        if (live.length === 0 && (await loadSecrets(tx, [partnerId])).length > 0) throw secretsUnreadable()
        return live
      }),

    listSigningSecrets: partnerId =>
      read(async tx => {
        const rows = await loadSecrets(tx, [partnerId])
        return liveSecrets(rows, tx.at).map(({ partnerId: _, secret, ...view }) => view)
      }),

    rotateSigningSecret: async (partnerId, added, overlapMs) => {
      const { rotated, ended } = await write(async tx => {
        await tx.lock([lockOf(partnerId)])
        if (overlapMs === 0) await stopClaims(tx)
        const rows = await loadSecrets(tx, [partnerId])
        const live = liveSecrets(rows, tx.at)
        if (!mayRotate(live, overlapMs)) return { rotated: null, ended: 0 }
        const expiresAt = tx.at + overlapMs
        const changed = await expireBy(tx, rows, expiresAt)
        const view = await addSecret(tx, partnerId, added, context.sealed)
        const rotated = { ...view, previousExpiresAt: previousEnd(live, expiresAt) }
        return { rotated, ended: overlapMs === 0 ? changed : 0 }
      })
      if (ended > 0) tell([['withdrawn', { partnerId, registrationId: null }]])
      return rotated
    },

    endSigningSecret: async (partnerId, id) => {
      let isEnding = false
      try {
        return await write(async tx => {
          await tx.lock([lockOf(partnerId)])
          const { signingSecrets } = tx.schema
          const isMeant = and(eq(signingSecrets.id, id), eq(signingSecrets.partnerId, partnerId))
          const [row] = await tx.db.select().from(signingSecrets).where(isMeant)
          if (!row) return null
          const outcome = endOfSecret(row)
          isEnding = outcome === 'ended' && endedByRotation([row], tx.at).length > 0
          // Whoever names what is not live keeps no claim waiting.
          if (isEnding) {
            await stopClaims(tx)
            await expireBy(tx, [row], tx.at)
          }
          return outcome
        })
      } finally {
        // Where the answer to the COMMIT is lost too: whoever ends it again finds it ended.
        if (isEnding) tell([['withdrawn', { partnerId, registrationId: null }]])
      }
    },
  } satisfies Partial<Store>
}

/** How many may be live is counted over all of a partner's. */
const lockOf = (partnerId: string): string => `signing secrets of ${partnerId}`

/** Has those stop by then that would stop later; how many there are. */
const expireBy = async (tx: Tx, rows: readonly SigningSecret[], expiresAt: number): Promise<number> => {
  const ended = endedByRotation(rows, expiresAt).map(({ id }) => ({ id, expiresAt }))
  await tx.update('signingSecrets', ['id'], ended)
  return ended.length
}

/** Those that have not ended. */
const LIVE: Sql = d => `
  SELECT ${columnsOf('signingSecrets', ['id', 'partnerId', 'type', 'secret', 'createdAt', 'expiresAt'])} FROM signing_secrets
  WHERE partner_id IN ${d.list('partnerIds', 'text')} AND (expires_at IS NULL OR expires_at > @at)`

const loadSecrets = ({ all, at }: Tx, partnerIds: readonly string[]) =>
  all<Row<'signingSecrets'>>(LIVE, { partnerIds, at })

/** What signs the webhooks of each partner now, newest first: those that can be decrypted. */
export const openSecrets = async (
  tx: Tx,
  partnerIds: readonly string[],
  { sealed, openOr }: Opening,
): Promise<ReadonlyMap<string, readonly Secret[]>> => {
  const rows = partnerIds.length === 0 ? [] : await loadSecrets(tx, partnerIds)
  const openRow = (row: Row<'signingSecrets'>) =>
    openOr({ table: 'signing_secrets', id: row.id }, { open: () => [sealed.signingSecret.open(row)], instead: [] })
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
