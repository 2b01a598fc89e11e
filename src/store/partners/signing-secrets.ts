import type { Secret } from '../../core/secret.ts'
import type { StoreContext } from '../context.ts'
import { and, eq, gt, inArray, isNull, or } from '../drizzle.ts'
import { afterEndingSecrets } from '../hints.ts'
import { stopClaims } from '../messages/claims-lock.ts'
import {
  createOpenedSecrets,
  endedByRotation,
  endOfSecret,
  liveSecrets,
  mayRotate,
  type NewSigningSecret,
  previousEnd,
  type SecretRow,
  type SigningSecret,
  secretsUnreadable,
  viewSecret,
} from '../signing-secret.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

export const createSigningSecrets = (context: StoreContext) => {
  const { read, write, tell } = context
  const secrets = createSecretRows(context)

  /** Has those stop by then that would stop later; how many there are. */
  const expireBy = async (
    { db, schema: { signingSecrets } }: Tx,
    rows: readonly SigningSecret[],
    expiresAt: number,
  ): Promise<number> => {
    const ids = endedByRotation(rows, expiresAt).map(({ id }) => id)
    if (ids.length > 0) await db.update(signingSecrets).set({ expiresAt }).where(inArray(signingSecrets.id, ids))
    return ids.length
  }

  return {
    liveSecrets: partnerId =>
      read(async tx => {
        const live = (await secrets.of(tx, [partnerId])).get(partnerId) ?? []
        if (live.length === 0 && (await secrets.rowsOf(tx, [partnerId])).length > 0) throw secretsUnreadable()
        return live
      }),

    listSigningSecrets: partnerId =>
      read(async tx => liveSecrets(await secrets.rowsOf(tx, [partnerId]), tx.at).map(viewSecret)),

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
        const { signingSecrets } = tx.schema
        const [row] = await tx.db
          .select()
          .from(signingSecrets)
          .where(and(eq(signingSecrets.id, id), eq(signingSecrets.partnerId, partnerId)))
        if (!row) return { outcome: null, ended: 0 }
        const outcome = endOfSecret(row)
        return { outcome, ended: outcome === 'ended' ? await expireBy(tx, [row], tx.at) : 0 }
      })
      tell(afterEndingSecrets(partnerId, ended))
      return outcome
    },
  } satisfies Partial<Store>
}

/** How many may be live is counted over all of a partner's. */
const lockOf = (partnerId: string): string => `signing secrets of ${partnerId}`

/** The signing secrets as verbs and attempts need them, within the caller's transaction. */
export const createSecretRows = (context: Pick<StoreContext, 'sealed' | 'openOr'>) => {
  const { sealed } = context
  const { openLive } = createOpenedSecrets(context)

  /** Those that have not ended. */
  const rowsOf = ({ db, at, schema: { signingSecrets } }: Tx, partnerIds: readonly string[]): Promise<SecretRow[]> => {
    const hasNotEnded = or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, at))
    return db
      .select()
      .from(signingSecrets)
      .where(and(inArray(signingSecrets.partnerId, [...partnerIds]), hasNotEnded))
  }

  return {
    rowsOf,

    /** What signs the webhooks of each partner now, newest first: those that can be decrypted. */
    of: async (tx: Tx, partnerIds: readonly string[]): Promise<Map<string, readonly Secret[]>> => {
      const rows = partnerIds.length === 0 ? [] : await rowsOf(tx, partnerIds)
      const byPartner = Map.groupBy(rows, ({ partnerId }) => partnerId)
      return new Map(
        partnerIds.map(partnerId => [partnerId, openLive(partnerId, byPartner.get(partnerId) ?? [], tx.at)]),
      )
    },

    canSign: async (tx: Tx, partnerId: string): Promise<boolean> =>
      openLive(partnerId, await rowsOf(tx, [partnerId]), tx.at).length > 0,

    add: async (tx: Tx, partnerId: string, { id, type, text }: NewSigningSecret): Promise<SigningSecret> => {
      const view = { id, type, createdAt: tx.at, expiresAt: null }
      const secret = sealed.signingSecret.seal({ id, partnerId }, text)
      await tx.insert('signingSecrets', [{ ...view, partnerId, secret }])
      return view
    },
  }
}
