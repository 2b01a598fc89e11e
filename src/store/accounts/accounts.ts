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
import { and, asc, eq, gt } from '../drizzle.ts'
import { idOf, type Page, pageOf } from '../page.ts'
import type { Tx } from '../tx.ts'
import {
  type Account,
  type AccountRemoval,
  type AccountRow,
  accountFor,
  accountOfRow,
  isInUse,
  isShown,
  judgeRemoval,
  loadAccounts,
  lockWhere,
  type NewAccount,
  named,
  saveAccounts,
} from './rows.ts'

const LOCK_ONE = lockWhere('id = @id')
const LOCK_OF_APIID = lockWhere('api_id = @apiId')
/** With the previous default account. */
const LOCK_DEFAULTS = lockWhere('api_id = @apiId OR is_default')
/** Locks APIIDs that may have no row yet: nodes that start at once configure the same account. */
const lockNew = (tx: Tx): Promise<void> => tx.lock(['new accounts'])

export const accountVerbs = {
  lookups: ({ read, defaultRate }) => ({
    /** Finds an account in use by its id or APIID. */
    findAccount: (idOrApiId: string): Promise<Account | null> =>
      read(async tx => {
        const { accounts } = tx.schema
        const [row] = await tx.select().from(accounts).where(named(tx, idOrApiId))
        return row ? accountOfRow(row, defaultRate) : null
      }),

    /**
     * Returns the account with this id or APIID; for null, the partner's own account, or else the default one. Returns
     * null if there is none or it is bound to another partner.
     */
    accountFor: (partnerId: string, idOrApiId: string | null): Promise<Account | null> =>
      read(async tx => {
        const row = await accountFor(tx, partnerId, idOrApiId)
        return row && accountOfRow(row, defaultRate)
      }),
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
      putDefaultAccount: (account: Omit<NewAccount, 'rate' | 'partnerId'>): Promise<Account> =>
        write(async tx => {
          const { id, apiId, apiKey, passwordMode } = account
          await lockNew(tx)
          const stored = await tx.all<AccountRow>(LOCK_DEFAULTS, { apiId })
          const existing = stored.find(one => one.apiId === apiId)
          const previous = stored.filter(one => one !== existing)
          await tx.update(
            'accounts',
            ['id'],
            previous.map(one => ({ id: one.id, isDefault: false })),
          )
          const credentials = { apiKey: sealed.accountKey.seal({ apiId }, apiKey), passwordMode, isDefault: true }
          if (existing) await tx.update('accounts', ['id'], [{ id: existing.id, ...credentials, removedAt: null }])
          else await tx.insert('accounts', [{ id, apiId, ...credentials, createdAt: tx.at }])
          const isCorrected = existing && !(existing.passwordMode === passwordMode && hasKey(existing, apiKey))
          const rule = (one: AccountState) => (isCorrected ? afterNewCredentials(one, tx.at) : null)
          return (await patch(tx, existing?.id ?? id, rule)) as Account
        }),

      /** A removed account comes back with its id. Returns null if an account in use has this APIID. */
      createAccount: ({ apiKey, ...account }: NewAccount): Promise<Account | null> =>
        write(async tx => {
          await lockNew(tx)
          const [stored] = await tx.all<AccountRow>(LOCK_OF_APIID, { apiId: account.apiId })
          if (stored?.removedAt === null) return null
          const row = { ...account, apiKey: sealed.accountKey.seal(account, apiKey), createdAt: tx.at }
          if (!stored) await tx.insert('accounts', [row])
          else await tx.update('accounts', ['id'], [{ ...row, id: stored.id, ...RUNNING, removedAt: null }])
          return patch(tx, stored?.id ?? account.id, () => null)
        }),

      /** Accounts in use. */
      listAccounts: ({ limit, after }: { limit: number; after: string | null }): Promise<Page<Account>> =>
        read(async tx => {
          const { accounts } = tx.schema
          const isListed = and(isShown(tx), gt(accounts.id, after ?? ''))
          const rows = await tx
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
          const [row] = await tx.all<AccountRow>(LOCK_ONE, { id })
          if (!row || !isInUse(row)) return null
          const credentials = {
            apiKey: apiKey ? sealed.accountKey.seal(row, apiKey) : row.apiKey,
            passwordMode: passwordMode ?? row.passwordMode,
          }
          await tx.update('accounts', ['id'], [{ id, ...credentials }])
          return patch(tx, id, account => afterNewCredentials(account, tx.at))
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
          const { at, schema } = tx
          const [row] = await tx.all<AccountRow>(LOCK_ONE, { id })
          if (!row || !isInUse(row)) return null
          const isOwner = eq(schema.partners.id, row.partnerId ?? '')
          const [owner] = await tx.select().from(schema.partners).where(isOwner)
          const outcome = judgeRemoval(row, owner)
          const removed = { ...removedByOperator({ ...row, rate: row.rate ?? defaultRate }, at), removedAt: at }
          if (outcome === 'removed') await tx.update('accounts', ['id'], [{ id, ...removed }])
          return outcome
        }),
    }
  },
} satisfies VerbModule
