import { Secret } from '../../core/secret.ts'
import type { NewKey, Partner, Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, eq, gt, inArray, isNull, or, sql } from './drizzle.ts'
import { apiKeys, partners, signingSecrets } from './schema.ts'

type Verbs = Pick<
  Store,
  | 'createPartner'
  | 'findPartner'
  | 'listPartners'
  | 'setPartnerDisabled'
  | 'createKey'
  | 'listKeys'
  | 'revokeKey'
  | 'findKey'
  | 'touchKeys'
>

const secretContext = (row: { id: string; partnerId: string }) => `signing-secret|${row.partnerId}|${row.id}`
const keyColumns = {
  id: apiKeys.id,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  revokedAt: apiKeys.revokedAt,
}

export const createPartners = ({ db, vault, write, read, now, events }: Context): Verbs => {
  const findKey = db
    .select({
      partnerId: apiKeys.partnerId,
      hash: apiKeys.hash,
      revokedAt: apiKeys.revokedAt,
      disabled: partners.disabled,
    })
    .from(apiKeys)
    .innerJoin(partners, eq(partners.id, apiKeys.partnerId))
    .where(eq(apiKeys.id, sql.placeholder('id')))
    .prepare()
  const find = (id: string): Partner | null => db.select().from(partners).where(eq(partners.id, id)).get() ?? null
  const addKey = (partnerId: string, { id, hash }: NewKey) =>
    db.insert(apiKeys).values({ id, partnerId, hash, createdAt: now() }).returning(keyColumns).get()

  return {
    createPartner: ({ id, name, key, secret }) =>
      write(() => {
        const at = now()
        const partner = db.insert(partners).values({ id, name, createdAt: at }).returning().get()
        addKey(id, key)
        const sealed = vault.seal(secret.text.reveal(), secretContext({ id: secret.id, partnerId: id }))
        db.insert(signingSecrets).values({ id: secret.id, partnerId: id, secret: sealed, createdAt: at }).run()
        return partner
      }),

    findPartner: id => read(() => find(id)),

    listPartners: ({ limit, after }) =>
      read(() =>
        db
          .select()
          .from(partners)
          .where(after === null ? undefined : gt(partners.id, after))
          .orderBy(asc(partners.id))
          .limit(limit)
          .all(),
      ),

    setPartnerDisabled: async (id, disabled) => {
      const partner = await write(() =>
        db.update(partners).set({ disabled }).where(eq(partners.id, id)).returning().get(),
      )
      events.emit('verificationsDue')
      events.emit('messagesDue')
      return partner ?? null
    },

    createKey: (partnerId, key) => write(() => (find(partnerId) ? addKey(partnerId, key) : null)),

    listKeys: partnerId =>
      read(() =>
        find(partnerId)
          ? db.select(keyColumns).from(apiKeys).where(eq(apiKeys.partnerId, partnerId)).orderBy(asc(apiKeys.id)).all()
          : null,
      ),

    revokeKey: id =>
      write(() => {
        db.update(apiKeys)
          .set({ revokedAt: now() })
          .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
          .run()
        return db.select(keyColumns).from(apiKeys).where(eq(apiKeys.id, id)).get() ?? null
      }),

    findKey: id =>
      read(() => {
        const row = findKey.get({ id })
        return row ? { partnerId: row.partnerId, hash: row.hash, live: row.revokedAt === null && !row.disabled } : null
      }),

    touchKeys: ids =>
      write(() => {
        db.update(apiKeys)
          .set({ lastUsedAt: now() })
          .where(inArray(apiKeys.id, [...ids]))
          .run()
      }),
  }
}

/** The live signing secrets, newest first, as an attempt needs them. */
export const createSecretRows = ({ db, vault, now }: Context) => {
  const live = db
    .select()
    .from(signingSecrets)
    .where(
      and(
        eq(signingSecrets.partnerId, sql.placeholder('partnerId')),
        or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, sql.placeholder('at'))),
      ),
    )
    .orderBy(sql`id DESC`)
    .prepare()
  const opened = new Map<string, Secret>()

  const open = (row: typeof signingSecrets.$inferSelect): Secret => {
    const known = opened.get(row.id)
    if (known) return known
    const secret = new Secret(vault.open(row.secret, secretContext(row)))
    opened.set(row.id, secret)
    return secret
  }

  return {
    of: (partnerIds: ReadonlySet<string>): Map<string, readonly Secret[]> =>
      new Map([...partnerIds].map(partnerId => [partnerId, live.all({ partnerId, at: now() }).map(open)])),
  }
}
