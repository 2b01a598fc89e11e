import { type AccountChange, slowStart } from '../../core/account.ts'
import type { Secret } from '../../core/secret.ts'
import type { Account, ClaimedAccount, Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, desc, eq, gt, isNull, or, sql } from './drizzle.ts'
import { accounts } from './schema.ts'

type Verbs = Pick<
  Store,
  | 'putDefaultAccount'
  | 'createAccount'
  | 'findAccount'
  | 'accountFor'
  | 'listAccounts'
  | 'pauseAccount'
  | 'resumeAccount'
>
type Row = typeof accounts.$inferSelect

export const createAccounts = ({ db, sealed, write, read, now, events, defaultRate }: Context): Verbs => {
  const toAccount = ({ id, apiId, passwordMode, rate, partnerId, pausedAt, pauseReason, pauseCode }: Row): Account => ({
    id,
    apiId,
    passwordMode,
    rate: rate ?? defaultRate,
    partnerId,
    pausedAt,
    pauseReason,
    pauseCode,
  })
  const named = (idOrApiId: string) => or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId))
  const find = (idOrApiId: string): Row | undefined => db.select().from(accounts).where(named(idOrApiId)).get()

  const update = async (id: string, values: Partial<Row>): Promise<Account | null> => {
    const row = await write(() => db.update(accounts).set(values).where(eq(accounts.id, id)).returning().get())
    events.emit('verificationsDue')
    return row ? toAccount(row) : null
  }

  return {
    putDefaultAccount: ({ id, apiId, apiKey, passwordMode }) =>
      write(() => {
        const credentials = { apiKey: sealed.accountKey.seal({ apiId }, apiKey), passwordMode, isDefault: true }
        db.update(accounts).set({ isDefault: false }).run()
        const row = db
          .insert(accounts)
          .values({ id, apiId, ...credentials, createdAt: now() })
          .onConflictDoUpdate({ target: accounts.apiId, set: credentials })
          .returning()
          .get()
        return toAccount(row)
      }),

    createAccount: ({ id, apiId, apiKey, passwordMode, rate, partnerId }) =>
      write(() => {
        const row = db
          .insert(accounts)
          .values({
            id,
            apiId,
            apiKey: sealed.accountKey.seal({ apiId }, apiKey),
            passwordMode,
            rate,
            partnerId,
            createdAt: now(),
          })
          .onConflictDoNothing()
          .returning()
          .get() as Row | undefined
        return row ? toAccount(row) : null
      }),

    findAccount: idOrApiId =>
      read(() => {
        const row = find(idOrApiId)
        return row ? toAccount(row) : null
      }),

    accountFor: (partnerId, idOrApiId) =>
      read(() => {
        const usable = db
          .select()
          .from(accounts)
          .where(
            and(
              or(isNull(accounts.partnerId), eq(accounts.partnerId, partnerId)),
              idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(idOrApiId),
            ),
          )
          // Its own account before the default one.
          .orderBy(desc(sql`partner_id IS NOT NULL`), asc(accounts.id))
          .get() as Row | undefined
        return usable ? toAccount(usable) : null
      }),

    listAccounts: ({ limit, after }) =>
      read(() =>
        db
          .select()
          .from(accounts)
          .where(after === null ? undefined : gt(accounts.id, after))
          .orderBy(asc(accounts.id))
          .limit(limit)
          .all()
          .map(toAccount),
      ),

    pauseAccount: async id => {
      const pause = { pausedAt: now(), pauseReason: 'operator', pauseCode: null, probeAt: null, probes: 0 } as const
      return update(id, pause)
    },

    resumeAccount: async id => {
      const row = await read(() => find(id))
      if (!row) return null
      if (row.pausedAt === null) return toAccount(row)
      return update(row.id, { ...running, ...slowStart(row.rate ?? defaultRate, now()) })
    },
  }
}

const running = { pausedAt: null, pauseReason: null, pauseCode: null, probeAt: null, probes: 0 }

type ClaimRow = Omit<Row, 'isDefault' | 'partnerId' | 'createdAt'>

/** The accounts as a claim and a settlement use them, within the caller's transaction. */
export const createAccountRows = ({ db, client, sealed, defaultRate }: Context) => {
  const all = client.prepare<[], ClaimRow>(`
    SELECT id, api_id AS apiId, api_key AS apiKey, password_mode AS passwordMode, rate, paused_at AS pausedAt,
      pause_reason AS pauseReason, pause_code AS pauseCode, probes, probe_at AS probeAt, allowed_at AS allowedAt,
      ramp_at AS rampAt, ramp_rate AS rampRate
    FROM accounts`)
  const setAllowedAt = db
    .update(accounts)
    .set({ allowedAt: sql`${sql.placeholder('allowedAt')}` })
    .where(eq(accounts.id, sql.placeholder('id')))
    .prepare()
  const opened = new Map<string, { bytes: Buffer; key: Secret }>()

  const keyOf = (row: Pick<Row, 'apiId' | 'apiKey'>): Secret => {
    const known = opened.get(row.apiId)
    if (known?.bytes.equals(row.apiKey)) return known.key
    const key = sealed.accountKey.open(row)
    opened.set(row.apiId, { bytes: row.apiKey, key })
    return key
  }

  return {
    all: (): ClaimedAccount[] => all.all().map(row => ({ ...row, rate: row.rate ?? defaultRate, apiKey: keyOf(row) })),

    setAllowedAt: (id: string, allowedAt: number): void => {
      setAllowedAt.run({ id, allowedAt })
    },

    setProbeAt: (id: string, probeAt: number): void => {
      db.update(accounts).set({ probeAt }).where(eq(accounts.id, id)).run()
    },

    /** Applies what an answer did to its account. An operator's pause outlives every answer. */
    change: (id: string, change: AccountChange, at: number): void => {
      const row = db.select().from(accounts).where(eq(accounts.id, id)).get()
      if (!row || row.pauseReason === 'operator') return
      const next =
        change.kind === 'pause'
          ? {
              pausedAt: row.pausedAt ?? at,
              pauseReason: change.reason,
              pauseCode: change.code,
              probes: change.probes,
              probeAt: change.probeAt,
            }
          : change.kind === 'resume'
            ? { ...running, rampRate: change.rampRate, rampAt: change.rampAt }
            : {
                rampRate: change.rampRate,
                // Another call in flight may have been told to wait longer.
                rampAt: Math.max(change.rampAt, row.rampAt ?? 0),
                allowedAt: Math.max(change.allowedAt, row.allowedAt),
              }
      db.update(accounts).set(next).where(eq(accounts.id, id)).run()
    },
  }
}
