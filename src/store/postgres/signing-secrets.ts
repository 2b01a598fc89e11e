import { AppError } from '../../core/error.ts'
import type { Secret } from '../../core/secret.ts'
import { afterEndingSecrets } from '../rules/hints.ts'
import {
  endedByRotation,
  endOfSecret,
  liveSecrets,
  mayRotate,
  type NewSigningSecret,
  previousEnd,
  type SigningSecret,
} from '../signing-secret.ts'
import type { Store } from '../store.ts'
import { stopClaims } from './claim-stop.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { and, eq, gt, inArray, isNull, or } from './drizzle.ts'
import { signingSecrets } from './schema.ts'

type Verbs = Pick<Store, 'liveSecrets' | 'listSigningSecrets' | 'rotateSigningSecret' | 'endSigningSecret'>
type Row = typeof signingSecrets.$inferSelect

export const createSigningSecrets = (context: Context): Verbs => {
  const { read, write, tell } = context
  const secrets = createSecretRows(context)

  /** Has those stop by then that would stop later; how many there are. */
  const expireBy = async ({ db }: Tx, rows: readonly SigningSecret[], expiresAt: number): Promise<number> => {
    const ids = endedByRotation(rows, expiresAt).map(({ id }) => id)
    if (ids.length > 0) await db.update(signingSecrets).set({ expiresAt }).where(inArray(signingSecrets.id, ids))
    return ids.length
  }

  return {
    liveSecrets: partnerId =>
      read(async tx => {
        const live = (await secrets.of(tx, [partnerId])).get(partnerId) ?? []
        if (live.length === 0 && (await secrets.rowsOf(tx, [partnerId])).length > 0)
          throw new AppError('unavailable', UNREADABLE)
        return live
      }),

    listSigningSecrets: partnerId =>
      read(async tx => {
        const rows = await secrets.rowsOf(tx, [partnerId])
        return liveSecrets(rows, tx.at).map(({ partnerId: _, secret, ...view }) => view)
      }),

    rotateSigningSecret: async (partnerId, added, overlapMs) => {
      const { rotated, ended } = await write(async tx => {
        await tx.lock([lockOf(partnerId)])
        if (overlapMs === 0) await stopClaims(tx)
        const rows = await secrets.rowsOf(tx, [partnerId])
        const live = liveSecrets(rows, tx.at)
        if (!mayRotate(live, overlapMs)) return { rotated: null, ended: 0 }
        const expiresAt = tx.at + overlapMs
        const changed = await expireBy(tx, rows, expiresAt)
        const view = await secrets.add(tx, partnerId, added)
        const rotated = { ...view, previousExpiresAt: previousEnd(live, expiresAt) }
        return { rotated, ended: overlapMs === 0 ? changed : 0 }
      })
      tell(afterEndingSecrets(partnerId, ended))
      return rotated
    },

    endSigningSecret: async (partnerId, id) => {
      const { outcome, ended } = await write(async tx => {
        await tx.lock([lockOf(partnerId)])
        await stopClaims(tx)
        const [row] = await tx.db
          .select()
          .from(signingSecrets)
          .where(and(eq(signingSecrets.id, id), eq(signingSecrets.partnerId, partnerId)))
        if (!row) return { outcome: null, ended: 0 }
        const live = liveSecrets(await secrets.rowsOf(tx, [partnerId]), tx.at)
        const outcome = endOfSecret(live, live.filter(secrets.opens), id)
        return { outcome, ended: outcome === 'ended' ? await expireBy(tx, [row], tx.at) : 0 }
      })
      tell(afterEndingSecrets(partnerId, ended))
      return outcome
    },
  }
}

/** How many may be live is counted over all of a partner's. */
const lockOf = (partnerId: string): string => `signing secrets of ${partnerId}`

const UNREADABLE = {
  en: 'Your signing secrets cannot be read at the moment. Rotate, and use the new one, or wait until the operator has restored them.',
  zh: '暂时无法读取您的签名密钥。请更换密钥，或等待运维人员恢复。',
}

/** The signing secrets as verbs and attempts need them, within the caller's transaction. */
export const createSecretRows = ({ sealed, openOr }: Pick<Context, 'sealed' | 'openOr'>) => {
  /** Those that have not ended. */
  const rowsOf = ({ db, at }: Tx, partnerIds: readonly string[]): Promise<Row[]> => {
    const hasNotEnded = or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, at))
    return db
      .select()
      .from(signingSecrets)
      .where(and(inArray(signingSecrets.partnerId, [...partnerIds]), hasNotEnded))
  }

  /** The opened secrets of each partner by their ids: a claim needs them each time. */
  const opened = new Map<string, ReadonlyMap<string, Secret>>()

  const openRow = (row: Row): Secret | null =>
    openOr({ table: 'signing_secrets', id: row.id }, { open: () => sealed.signingSecret.open(row), instead: null })

  const openAll = (partnerId: string, live: readonly Row[]): readonly Secret[] => {
    const known = opened.get(partnerId)
    const secrets = new Map(
      live.flatMap(row => {
        const secret = known?.get(row.id) ?? openRow(row)
        return secret ? [[row.id, secret]] : []
      }),
    )
    opened.set(partnerId, secrets)
    return [...secrets.values()]
  }

  /** Whether it can be decrypted. Which cannot is told by whoever signs. */
  const opens = (row: Row): boolean => {
    try {
      sealed.signingSecret.open(row)
      return true
    } catch {
      return false
    }
  }

  return {
    rowsOf,
    opens,

    /** What signs the webhooks of each partner now, newest first: those that can be decrypted. */
    of: async (tx: Tx, partnerIds: readonly string[]): Promise<Map<string, readonly Secret[]>> => {
      const rows = partnerIds.length === 0 ? [] : await rowsOf(tx, partnerIds)
      const byPartner = Map.groupBy(rows, ({ partnerId }) => partnerId)
      return new Map(
        partnerIds.map(partnerId => [
          partnerId,
          openAll(partnerId, liveSecrets(byPartner.get(partnerId) ?? [], tx.at)),
        ]),
      )
    },

    canSign: async (tx: Tx, partnerId: string): Promise<boolean> =>
      liveSecrets(await rowsOf(tx, [partnerId]), tx.at).some(opens),

    add: async ({ db, at }: Tx, partnerId: string, { id, type, text }: NewSigningSecret): Promise<SigningSecret> => {
      const view = { id, type, createdAt: at, expiresAt: null }
      const secret = sealed.signingSecret.seal({ id, partnerId }, text)
      await db.insert(signingSecrets).values({ ...view, partnerId, secret })
      return view
    },
  }
}
