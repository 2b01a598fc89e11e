import type { NewKey, Partner, Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, eq, gt, inArray, isNull, sql } from './drizzle.ts'
import { apiKeys, partners, signingSecrets } from './schema.ts'

type Verbs = Pick<
  Store,
  | 'createPartner'
  | 'findPartner'
  | 'listPartners'
  | 'changePartner'
  | 'createKey'
  | 'listKeys'
  | 'revokeKey'
  | 'findKey'
  | 'touchKeys'
>

const keyColumns = {
  id: apiKeys.id,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
}

export const createPartners = ({ db, sealed, write, read, now, events }: Context): Verbs => {
  const findKey = db
    .select({
      partnerId: apiKeys.partnerId,
      hash: apiKeys.hash,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
      disabled: partners.disabled,
    })
    .from(apiKeys)
    .innerJoin(partners, eq(partners.id, apiKeys.partnerId))
    .where(eq(apiKeys.id, sql.placeholder('id')))
    .prepare()
  const find = (id: string): Partner | null => {
    const row = db.select().from(partners).where(eq(partners.id, id)).get()
    return row ? toPartner(row) : null
  }
  const addKey = (partnerId: string, { id, hash, expiresAt = null }: NewKey) =>
    db.insert(apiKeys).values({ id, partnerId, hash, expiresAt, createdAt: now() }).returning(keyColumns).get()

  return {
    createPartner: ({ id, name, key, secret }) =>
      write(() => {
        const at = now()
        const partner = db.insert(partners).values({ id, name, createdAt: at }).returning().get()
        addKey(id, key)
        const bytes = sealed.signingSecret.seal({ id: secret.id, partnerId: id }, secret.text)
        db.insert(signingSecrets)
          .values({ id: secret.id, partnerId: id, type: 'v1', secret: bytes, createdAt: at })
          .run()
        return toPartner(partner)
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
          .all()
          .map(toPartner),
      ),

    changePartner: async (id, { name, disabled, payload, quotas = {} }) => {
      const changed = await write(() => {
        const values = withoutUndefined({
          name,
          disabled,
          payload,
          maxPending: quotas.pending,
          maxHosts: quotas.hosts,
          maxDaily: quotas.daily,
        })
        if (Object.keys(values).length > 0) db.update(partners).set(values).where(eq(partners.id, id)).run()
        return find(id)
      })
      if (disabled) events.emit('withdrawn', { partnerId: id, registrationId: null })
      events.emit('verificationsDue')
      events.emit('messagesDue')
      return changed
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
        return row
          ? {
              partnerId: row.partnerId,
              hash: row.hash,
              live: row.revokedAt === null && !row.disabled && (row.expiresAt ?? Number.POSITIVE_INFINITY) > now(),
            }
          : null
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

const toPartner = ({ maxPending, maxHosts, maxDaily, ...row }: typeof partners.$inferSelect): Partner => ({
  ...row,
  quotas: { pending: maxPending, hosts: maxHosts, daily: maxDaily },
})

const withoutUndefined = <Values extends object>(values: Values) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Values]?: Exclude<Values[Key], undefined>
  }
