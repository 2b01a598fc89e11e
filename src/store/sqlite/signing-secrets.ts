import type { Secret } from '../../core/secret.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, eq, gt, isNull, or, sql } from './drizzle.ts'
import { signingSecrets } from './schema.ts'

type Verbs = Pick<Store, 'liveSecrets' | 'listSigningSecrets' | 'rotateSigningSecret'>

const columns = {
  id: signingSecrets.id,
  type: signingSecrets.type,
  createdAt: signingSecrets.createdAt,
  expiresAt: signingSecrets.expiresAt,
}

const isLive = (at: number) => or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, at))

export const createSigningSecrets = (context: Context): Verbs => {
  const { db, sealed, read, write, now } = context
  const rows = createSecretRows(context)
  return {
    liveSecrets: partnerId => read(() => rows.of(new Set([partnerId])).get(partnerId) ?? []),

    listSigningSecrets: partnerId =>
      read(() =>
        db
          .select(columns)
          .from(signingSecrets)
          .where(and(eq(signingSecrets.partnerId, partnerId), isLive(now())))
          .orderBy(sql`id DESC`)
          .all(),
      ),

    rotateSigningSecret: (partnerId, { id, type, text }, overlapMs) =>
      write(() => {
        const at = now()
        db.update(signingSecrets)
          .set({ expiresAt: at + overlapMs })
          .where(
            and(
              eq(signingSecrets.partnerId, partnerId),
              or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, at + overlapMs)),
            ),
          )
          .run()
        const secret = sealed.signingSecret.seal({ id, partnerId }, text)
        return db.insert(signingSecrets).values({ id, partnerId, type, secret, createdAt: at }).returning(columns).get()
      }),
  }
}

type SealedSecret = Pick<typeof signingSecrets.$inferSelect, 'id' | 'partnerId' | 'secret'>

/** The live signing secrets, newest first, as an attempt needs them. */
export const createSecretRows = ({ client, sealed, now }: Context) => {
  const live = client.prepare<[partnerId: string, at: number], SealedSecret>(`
    SELECT id, partner_id AS partnerId, secret FROM signing_secrets
    WHERE partner_id = +? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id DESC`)
  const opened = new Map<string, Secret>()

  const open = (row: SealedSecret): Secret => {
    const known = opened.get(row.id)
    if (known) return known
    const secret = sealed.signingSecret.open(row)
    opened.set(row.id, secret)
    return secret
  }

  return {
    of: (partnerIds: ReadonlySet<string>): Map<string, readonly Secret[]> =>
      new Map([...partnerIds].map(partnerId => [partnerId, live.all(partnerId, now()).map(open)])),
  }
}
