import type { Secret } from '../../core/secret.ts'
import { createOpenedSecrets, type SecretRow } from '../signing-secret.ts'
import type { Context } from './context.ts'
import { and, eq, gt, isNull, or, sql } from './drizzle.ts'
import { signingSecrets } from './schema.ts'

/** The signing secrets as verbs and attempts need them, within the caller's transaction. */
export const createSecretRows = (context: Pick<Context, 'db' | 'sealed' | 'openOr' | 'now'>) => {
  const { db, now } = context
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
  }
}
