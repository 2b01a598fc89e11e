import {
  type AccountPatch,
  type AccountState,
  afterNewCredentials,
  pausedByOperator,
  RUNNING,
  removedByOperator,
  resumedByOperator,
} from '../../core/account.ts'
import { binsOfRows, changeBins, rowsOfBins } from '../../core/polling/completion-bins.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { type AccountRow, accountOfRow, chooseAccount, createAccountKeys, judgeRemoval, stateOf } from '../account.ts'
import type { Account, ClaimedAccount, Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, eq, gt, isNotNull, isNull, ne, or, sql } from './drizzle.ts'
import { accounts, completionBins, partners } from './schema.ts'

export const createAccounts = (context: Context) => {
  const { db, sealed, write, read, now, hints, defaultRate } = context
  const rows = createAccountRows(context)
  const view = (row: AccountRow | undefined): Account | null => (row ? accountOfRow(row, defaultRate) : null)

  return {
    putDefaultAccount: ({ id, apiId, apiKey, passwordMode }) =>
      write(() => {
        const credentials = { apiKey: sealed.accountKey.seal({ apiId }, apiKey), passwordMode, isDefault: true }
        const known = db.select().from(accounts).where(eq(accounts.apiId, apiId)).get()
        const isSame = known !== undefined && rows.hasCredentials(known, { apiKey, passwordMode })
        db.update(accounts).set({ isDefault: false }).where(eq(accounts.isDefault, true)).run()
        const row = db
          .insert(accounts)
          .values({ id, apiId, ...credentials, createdAt: now() })
          .onConflictDoUpdate({ target: accounts.apiId, set: { ...credentials, removedAt: null } })
          .returning()
          .get()
        const corrected = known && !isSame ? rows.patch(row.id, account => afterNewCredentials(account, now())) : row
        return accountOfRow(corrected ?? row, defaultRate)
      }),

    createAccount: ({ apiKey, ...account }) =>
      write(() => {
        const values = { ...account, apiKey: sealed.accountKey.seal(account, apiKey), createdAt: now() }
        const set = { ...values, id: undefined, ...RUNNING, removedAt: null }
        const back = { target: accounts.apiId, set, setWhere: isNotNull(accounts.removedAt) }
        return view(db.insert(accounts).values(values).onConflictDoUpdate(back).returning().get())
      }),

    findAccount: idOrApiId => read(() => view(db.select().from(accounts).where(named(idOrApiId)).get())),

    accountFor: (partnerId, idOrApiId) => read(() => view(rows.choose(partnerId, idOrApiId) ?? undefined)),

    listAccounts: ({ limit, after }) =>
      read(() => {
        const isListed = and(isShown, gt(accounts.id, after ?? ''))
        const found = db.select().from(accounts).where(isListed).orderBy(asc(accounts.id)).limit(limit).all()
        return found.map(row => accountOfRow(row, defaultRate))
      }),

    pauseAccount: id => write(() => view(rows.patch(id, () => pausedByOperator(now())))),

    resumeAccount: async id => {
      const resumed = await write(() => view(rows.patch(id, account => resumedByOperator(account, now()))))
      if (resumed) hints.emit('verificationsDue')
      return resumed
    },

    removeAccount: id =>
      write(() => {
        const row = db.select().from(accounts).where(named(id)).get()
        if (!row) return null
        const isOwner = eq(partners.id, row.partnerId ?? '')
        const outcome = judgeRemoval(row, db.select().from(partners).where(isOwner).get())
        const removed = { ...removedByOperator(stateOf(row, defaultRate), now()), removedAt: now() }
        if (outcome === 'removed') db.update(accounts).set(removed).where(eq(accounts.id, id)).run()
        return outcome
      }),
  } satisfies Partial<Store>
}

/** As `isInUse`. */
const isShown = and(isNull(accounts.removedAt), ne(accounts.id, TEST_ACCOUNT_ID))
const named = (idOrApiId: string) => and(isShown, or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId)))

/** The accounts as claims, answers and operators change them, within the caller's transaction. */
export const createAccountRows = (context: Pick<Context, 'client' | 'db' | 'sealed' | 'openOr' | 'defaultRate'>) => {
  const { client, db, defaultRate } = context
  const { hasCredentials, claimable } = createAccountKeys(context)
  const isOne = sql`${accounts.id} IN (SELECT value FROM json_each(${sql.placeholder('ids')}))`
  const those = db.select().from(accounts).where(isOne).orderBy(sql`rowid`).prepare()
  const isIt = eq(accounts.id, sql.placeholder('id'))
  const find = db.select().from(accounts).where(isIt).prepare()
  const update = client.prepare<AccountState & { id: string }>(`
    UPDATE accounts SET paused_at = @pausedAt, pause_reason = @pauseReason, pause_code = @pauseCode,
      unreachable_at = @unreachableAt, unreachable_error = @unreachableError, probes = @probes, probe_at = @probeAt,
      allowed_at = @allowedAt, ramp_at = @rampAt, ramp_rate = @rampRate
    WHERE id = @id`)

  const save = (account: AccountState & { id: string }): void => void update.run(account)

  return {
    hasCredentials,

    /** Of these, those whose key can be decrypted, as a claim at this time takes them; in the order of their creation. */
    those: (ids: readonly string[], at: number): ClaimedAccount[] =>
      claimable(those.all({ ids: JSON.stringify(ids) }), at),

    find: (id: string): AccountState | null => {
      const row = find.get({ id })
      return row ? stateOf(row, defaultRate) : null
    },

    /** What `Store.accountFor` says. */
    choose: (partnerId: string, idOrApiId: string | null): AccountRow | null => {
      const meant = idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(idOrApiId)
      return chooseAccount(db.select().from(accounts).where(meant).all(), partnerId)
    },

    /** Writes what may change of it: all of `AccountState` but the rate. */
    save,

    /** Changes it by a rule, which gives null for no change; the row as it is then, undefined where there is none. */
    patch: (id: string, rule: (account: AccountState) => AccountPatch | null): AccountRow | undefined => {
      const row = find.get({ id })
      if (!row) return undefined
      const account = stateOf(row, defaultRate)
      const patch = rule(account)
      if (patch) save({ ...account, ...patch })
      return { ...row, ...patch }
    },
  }
}

/** What is learned of when verifications of an account are completed. */
export const createCompletions = ({ db, read, write }: Context) => {
  const load = (accountId: string) =>
    binsOfRows(db.select().from(completionBins).where(eq(completionBins.accountId, accountId)).all())

  return {
    changeCompletions: (accountId, change) =>
      write(() => {
        const rows = rowsOfBins(changeBins(load(accountId), change))
        db.delete(completionBins).where(eq(completionBins.accountId, accountId)).run()
        if (rows.length > 0)
          db.insert(completionBins)
            .values(rows.map(row => ({ accountId, ...row })))
            .run()
      }),

    completionsOf: accountId => read(() => load(accountId)),
  } satisfies Partial<Store>
}
