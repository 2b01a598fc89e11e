import type { Secret } from '../../core/secret.ts'
import { afterEndingSecrets, tellHints } from '../hints.ts'
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
import type { Context } from './context.ts'
import { and, eq, gt, inArray, isNull, or, sql } from './drizzle.ts'
import { signingSecrets } from './schema.ts'

export const createSigningSecrets = (context: Context) => {
  const { db, read, write, now, hints } = context
  const secrets = createSecretRows(context)

  /** Has those stop by then that would stop later; how many there are. */
  const expireBy = (rows: readonly SigningSecret[], expiresAt: number): number => {
    const ids = endedByRotation(rows, expiresAt).map(({ id }) => id)
    if (ids.length > 0) db.update(signingSecrets).set({ expiresAt }).where(inArray(signingSecrets.id, ids)).run()
    return ids.length
  }

  return {
    liveSecrets: partnerId =>
      read(() => {
        const live = secrets.of([partnerId]).get(partnerId) ?? []
        if (live.length === 0 && secrets.rowsOf(partnerId).length > 0) throw secretsUnreadable()
        return live
      }),

    listSigningSecrets: partnerId => read(() => liveSecrets(secrets.rowsOf(partnerId), now()).map(viewSecret)),

    rotateSigningSecret: async (partnerId, added, overlapMs) => {
      const { rotated, ended } = await write(() => {
        const rows = secrets.rowsOf(partnerId)
        const live = liveSecrets(rows, now())
        if (!mayRotate(live, overlapMs)) return { rotated: null, ended: 0 }
        const expiresAt = now() + overlapMs
        const changed = expireBy(rows, expiresAt)
        const rotated = { ...secrets.add(partnerId, added), previousExpiresAt: previousEnd(live, expiresAt) }
        return { rotated, ended: overlapMs === 0 ? changed : 0 }
      })
      tellHints(hints, afterEndingSecrets(partnerId, ended))
      return rotated
    },

    endSigningSecret: async (partnerId, id) => {
      const { outcome, ended } = await write(() => {
        const row = db
          .select()
          .from(signingSecrets)
          .where(and(eq(signingSecrets.id, id), eq(signingSecrets.partnerId, partnerId)))
          .get()
        if (!row) return { outcome: null, ended: 0 }
        const outcome = endOfSecret(row)
        return { outcome, ended: outcome === 'ended' ? expireBy([row], now()) : 0 }
      })
      tellHints(hints, afterEndingSecrets(partnerId, ended))
      return outcome
    },
  } satisfies Partial<Store>
}

/** The signing secrets as verbs and attempts need them, within the caller's transaction. */
export const createSecretRows = (context: Pick<Context, 'db' | 'sealed' | 'openOr' | 'now'>) => {
  const { db, sealed, now } = context
  const { openLive } = createOpenedSecrets(context)
  const current = db
    .select()
    .from(signingSecrets)
    .where(
      and(
        eq(signingSecrets.partnerId, sql.placeholder('partnerId')),
        or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, sql.placeholder('now'))),
      ),
    )
    .prepare()
  const rowsOf = (partnerId: string): SecretRow[] => current.all({ partnerId, now: now() })

  return {
    rowsOf,

    /** What signs the webhooks of each partner now, newest first: those that can be decrypted. */
    of: (partnerIds: Iterable<string>): Map<string, readonly Secret[]> =>
      new Map([...partnerIds].map(partnerId => [partnerId, openLive(partnerId, rowsOf(partnerId), now())])),

    canSign: (partnerId: string): boolean => openLive(partnerId, rowsOf(partnerId), now()).length > 0,

    add: (partnerId: string, { id, type, text }: NewSigningSecret): SigningSecret => {
      const view = { id, type, createdAt: now(), expiresAt: null }
      const secret = sealed.signingSecret.seal({ id, partnerId }, text)
      db.insert(signingSecrets)
        .values({ ...view, partnerId, secret })
        .run()
      return view
    },
  }
}
