import {
  type AccountPatch,
  type AccountState,
  afterNewCredentials,
  pausedByOperator,
  RUNNING,
  removedByOperator,
  resumedByOperator,
} from '../../core/account.ts'
import type { StoreContext } from '../context.ts'
import { and, asc, eq, gt, isNotNull, or } from '../drizzle.ts'
import { idOf, pageOf } from '../page.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import {
  type Account,
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

export const createAccounts = (context: StoreContext) => {
  const { sealed, write, read, emitHints, defaultRate } = context
  const view = (row: AccountRow | null | undefined): Account | null => (row ? accountOfRow(row, defaultRate) : null)

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
    putDefaultAccount: ({ id, apiId, apiKey, passwordMode }) =>
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

    createAccount: ({ apiKey, ...account }) =>
      write(async ({ at, db, schema: { accounts } }) => {
        const values = { ...account, apiKey: sealed.accountKey.seal(account, apiKey), createdAt: at }
        const set = { ...values, id: undefined, ...RUNNING, removedAt: null }
        const back = { target: accounts.apiId, set, setWhere: isNotNull(accounts.removedAt) }
        const [row] = await db.insert(accounts).values(values).onConflictDoUpdate(back).returning()
        return view(row)
      }),

    findAccount: idOrApiId =>
      read(async tx => {
        const { accounts } = tx.schema
        const [row] = await tx.db.select().from(accounts).where(named(tx, idOrApiId))
        return view(row)
      }),

    accountFor: (partnerId, idOrApiId) => read(async tx => view(await accountFor(tx, partnerId, idOrApiId))),

    listAccounts: ({ limit, after }) =>
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

    changeAccount: async (id, { apiKey, passwordMode }) => {
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

    pauseAccount: id => write(tx => patch(tx, id, () => pausedByOperator(tx.at))),

    resumeAccount: async id => {
      const resumed = await write(tx => patch(tx, id, account => resumedByOperator(account, tx.at)))
      if (resumed) emitHints([['verificationsDue']])
      return resumed
    },

    removeAccount: id =>
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
  } satisfies Partial<Store>
}
