import {
  type AccountPatch,
  type AccountState,
  afterNewCredentials,
  pausedByOperator,
  RUNNING,
  removedByOperator,
  resumedByOperator,
} from '../../core/account.ts'
import type { Secret } from '../../core/secret.ts'
import type { VerbModule } from '../context.ts'
import { and, asc, eq, gt, isNotNull, or } from '../drizzle.ts'
import { idOf, type Page, pageOf } from '../page.ts'
import type { Tx } from '../tx.ts'
import {
  type Account,
  type AccountRemoval,
  type AccountRow,
  accountFor,
  accountOfRow,
  isShown,
  judgeRemoval,
  loadAccounts,
  type NewAccount,
  named,
  saveAccounts,
} from './rows.ts'

const viewOf = (row: AccountRow | null | undefined, defaultRate: number): Account | null =>
  row ? accountOfRow(row, defaultRate) : null

export const accountVerbs = {
  lookups: ({ read, defaultRate }) => ({
    /** Finds an account in use by its id or APIID. */
    findAccount: (idOrApiId: string): Promise<Account | null> =>
      read(async tx => {
        const { accounts } = tx.schema
        const [row] = await tx.db.select().from(accounts).where(named(tx, idOrApiId))
        return viewOf(row, defaultRate)
      }),

    /**
     * Returns the account with this id or APIID; for null, the partner's own account, or else the default one. Returns
     * null if there is none or it is bound to another partner.
     */
    accountFor: (partnerId: string, idOrApiId: string | null): Promise<Account | null> =>
      read(async tx => viewOf(await accountFor(tx, partnerId, idOrApiId), defaultRate)),
  }),

  calls: ({ sealed, write, read, emitHints, defaultRate }) => {
    /** Changes an account by a rule, which returns null for no change. Returns null if no such account exists. */
    const patch = async (
      tx: Tx,
      id: string,
      rule: (account: AccountState) => AccountPatch | null,
    ): Promise<Account | null> => {
      const [account] = await loadAccounts(tx, [id], { defaultRate, lock: 'wait' })
      if (!account) return null
      const change = rule(account)
      const after = { ...account, ...change }
      if (change) await saveAccounts(tx, [after])
      return accountOfRow(after, defaultRate)
    }

    /** An undecryptable stored key emits no hint here: the right key is at hand, and code that needs the key emits it. */
    const hasKey = (row: AccountRow, key: NewAccount['apiKey']): boolean => {
      try {
        return sealed.accountKey.open(row).reveal() === key.reveal()
      } catch {
        return false
      }
    }

    return {
      /** Creates or updates the account of the settings, and makes it the default one. */
      putDefaultAccount: ({
        id,
        apiId,
        apiKey,
        passwordMode,
      }: Omit<NewAccount, 'rate' | 'partnerId'>): Promise<Account> =>
        write(async tx => {
          const { at, db, dialect, schema } = tx
          const { accounts } = schema
          // Nodes that start at once configure the same account.
          await tx.lock(['default account'])
          const credentials = { apiKey: sealed.accountKey.seal({ apiId }, apiKey), passwordMode, isDefault: true }
          // Includes the previous default account, in the common lock order of accounts.
          const isTarget = or(accounts.isDefault, eq(accounts.apiId, apiId))
          const matching = db.select().from(accounts).where(isTarget).orderBy(asc(accounts.id))
          const existing = (await dialect.locked(matching)).find(one => one.apiId === apiId)
          const isCorrected = existing && !(existing.passwordMode === passwordMode && hasKey(existing, apiKey))
          await db.update(accounts).set({ isDefault: false }).where(eq(accounts.isDefault, true))
          const [put] = await db
            .insert(accounts)
            .values({ id, apiId, ...credentials, createdAt: at })
            .onConflictDoUpdate({ target: accounts.apiId, set: { ...credentials, removedAt: null } })
            .returning()
          const corrected = isCorrected ? await patch(tx, existing.id, one => afterNewCredentials(one, at)) : null
          return corrected ?? accountOfRow(put as AccountRow, defaultRate)
        }),

      /** A removed account comes back with its id. Returns null if an account in use has this APIID. */
      createAccount: ({ apiKey, ...account }: NewAccount): Promise<Account | null> =>
        write(async ({ at, db, schema: { accounts } }) => {
          const values = { ...account, apiKey: sealed.accountKey.seal(account, apiKey), createdAt: at }
          const set = { ...values, id: undefined, ...RUNNING, removedAt: null }
          const back = { target: accounts.apiId, set, setWhere: isNotNull(accounts.removedAt) }
          const [row] = await db.insert(accounts).values(values).onConflictDoUpdate(back).returning()
          return viewOf(row, defaultRate)
        }),

      /** Accounts in use. */
      listAccounts: ({ limit, after }: { limit: number; after: string | null }): Promise<Page<Account>> =>
        read(async tx => {
          const { accounts } = tx.schema
          const isListed = and(isShown(tx), gt(accounts.id, after ?? ''))
          const rows = await tx.db
            .select()
            .from(accounts)
            .where(isListed)
            .orderBy(asc(accounts.id))
            .limit(limit + 1)
          const found = rows.map(row => accountOfRow(row, defaultRate))
          return pageOf(found, limit, idOf)
        }),

      /** A field that is null stays. If the account is paused, but not by an operator, the next canary may go at once. */
      changeAccount: async (
        id: string,
        { apiKey, passwordMode }: { apiKey: Secret | null; passwordMode: NewAccount['passwordMode'] | null },
      ): Promise<Account | null> => {
        const changed = await write(async tx => {
          const { at, db, dialect, schema } = tx
          const { accounts } = schema
          const isTarget = and(isShown(tx), eq(accounts.id, id))
          const [row] = await dialect.locked(db.select().from(accounts).where(isTarget))
          if (!row) return null
          const credentials = {
            apiKey: apiKey ? sealed.accountKey.seal(row, apiKey) : row.apiKey,
            passwordMode: passwordMode ?? row.passwordMode,
          }
          await db.update(accounts).set(credentials).where(eq(accounts.id, id))
          return patch(tx, id, account => afterNewCredentials(account, at))
        })
        if (changed) emitHints([['verificationsDue']])
        return changed
      },

      /** Stops all its calls, even canaries, until an operator resumes it. */
      pauseAccount: (id: string): Promise<Account | null> => write(tx => patch(tx, id, () => pausedByOperator(tx.at))),

      /** Ends an operator's pause with a slow start. Lets the next canary of any other pause go at once. */
      resumeAccount: async (id: string): Promise<Account | null> => {
        const resumed = await write(tx => patch(tx, id, account => resumedByOperator(account, tx.at)))
        if (resumed) emitHints([['verificationsDue']])
        return resumed
      },

      /**
       * Decides by `judgeRemoval`. A removed account is not found any more, but verifications that wait for it, also of
       * registrations under way, are still polled with its key.
       */
      removeAccount: (id: string): Promise<AccountRemoval | null> =>
        write(async tx => {
          const { at, db, dialect, schema } = tx
          const { accounts, partners } = schema
          const isTarget = and(isShown(tx), eq(accounts.id, id))
          const [row] = await dialect.locked(db.select().from(accounts).where(isTarget))
          if (!row) return null
          const isOwner = eq(partners.id, row.partnerId ?? '')
          const [owner] = await db.select().from(partners).where(isOwner)
          const outcome = judgeRemoval(row, owner)
          const removed = { ...removedByOperator({ ...row, rate: row.rate ?? defaultRate }, at), removedAt: at }
          if (outcome === 'removed') await db.update(accounts).set(removed).where(eq(accounts.id, row.id))
          return outcome
        }),
    }
  },
} satisfies VerbModule
