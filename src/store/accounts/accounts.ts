import {
  afterNewCredentials,
  pausedByOperator,
  RUNNING,
  removedByOperator,
  resumedByOperator,
} from '../../core/account.ts'
import { type AccountRow, accountOfRow, judgeRemoval, stateOf } from '../account.ts'
import type { StoreContext } from '../context.ts'
import { and, asc, eq, gt, isNotNull, or } from '../drizzle.ts'
import type { Account, Store } from '../store.ts'
import { createAccountRows, isShown, named } from './account-rows.ts'

export const createAccounts = (context: StoreContext) => {
  const { sealed, write, read, tell, defaultRate } = context
  const rows = createAccountRows(context)
  const view = (row: AccountRow | null | undefined): Account | null => (row ? accountOfRow(row, defaultRate) : null)

  return {
    putDefaultAccount: ({ id, apiId, apiKey, passwordMode }) =>
      write(async tx => {
        const { at, db, dialect, schema } = tx
        const { accounts } = schema
        // Nodes that start at once name the same account.
        await tx.lock(['default account'])
        const credentials = { apiKey: sealed.accountKey.seal({ apiId }, apiKey), passwordMode, isDefault: true }
        // The one before it too, in the order in which all lock accounts.
        const isMeant = or(accounts.isDefault, eq(accounts.apiId, apiId))
        const meant = db.select().from(accounts).where(isMeant).orderBy(asc(accounts.id))
        const locked = await dialect.locked(meant)
        const known = locked.find(one => one.apiId === apiId)
        const isSame = known !== undefined && rows.hasCredentials(known, { apiKey, passwordMode })
        await db.update(accounts).set({ isDefault: false }).where(eq(accounts.isDefault, true))
        const [row] = await db
          .insert(accounts)
          .values({ id, apiId, ...credentials, createdAt: at })
          .onConflictDoUpdate({ target: accounts.apiId, set: { ...credentials, removedAt: null } })
          .returning()
        const put = row as AccountRow
        const corrected = known && !isSame ? await rows.patch(tx, put.id, one => afterNewCredentials(one, at)) : put
        return accountOfRow(corrected ?? put, defaultRate)
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

    accountFor: (partnerId, idOrApiId) => read(async tx => view(await rows.choose(tx, partnerId, idOrApiId))),

    listAccounts: ({ limit, after }) =>
      read(async tx => {
        const { accounts } = tx.schema
        const isListed = and(isShown(tx), gt(accounts.id, after ?? ''))
        const found = await tx.db.select().from(accounts).where(isListed).orderBy(asc(accounts.id)).limit(limit)
        return found.map(row => accountOfRow(row, defaultRate))
      }),

    pauseAccount: id => write(async tx => view(await rows.patch(tx, id, () => pausedByOperator(tx.at)))),

    resumeAccount: async id => {
      const resumed = await write(async tx =>
        view(await rows.patch(tx, id, account => resumedByOperator(account, tx.at))),
      )
      if (resumed) tell([['verificationsDue']])
      return resumed
    },

    removeAccount: id =>
      write(async tx => {
        const { at, db, dialect, schema } = tx
        const { accounts, partners } = schema
        const [row] = await dialect.locked(db.select().from(accounts).where(named(tx, id)))
        if (!row) return null
        const isOwner = eq(partners.id, row.partnerId ?? '')
        const [owner] = await db.select().from(partners).where(isOwner)
        const outcome = judgeRemoval(row, owner)
        const removed = { ...removedByOperator(stateOf(row, defaultRate), at), removedAt: at }
        if (outcome === 'removed') await db.update(accounts).set(removed).where(eq(accounts.id, id))
        return outcome
      }),
  } satisfies Partial<Store>
}
