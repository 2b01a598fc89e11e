import type { AccountPatch, AccountState } from '../../core/account.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { type AccountRow, chooseAccount, createAccountKeys, stateOf } from '../account.ts'
import type { StoreContext } from '../context.ts'
import { and, eq, isNull, ne, or } from '../drizzle.ts'
import type { ClaimedAccount } from '../store.ts'
import { columnsOf, type Dialect, type Sql, type Tx } from '../tx.ts'

type WithSchema = Pick<Tx, 'schema'>

/** As `isInUse`. */
export const isShown = ({ schema: { accounts } }: WithSchema) =>
  and(isNull(accounts.removedAt), ne(accounts.id, TEST_ACCOUNT_ID))
export const named = (tx: WithSchema, idOrApiId: string) => {
  const { accounts } = tx.schema
  return and(isShown(tx), or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId)))
}

/** All that claims, answers and operators change of an account. */
const STATE = [
  ...(['pausedAt', 'pauseReason', 'pauseCode', 'unreachableAt', 'unreachableError', 'probes', 'probeAt'] as const),
  ...(['allowedAt', 'rampAt', 'rampRate'] as const),
]
const FIXED = [
  'id',
  'apiId',
  'apiKey',
  'passwordMode',
  'rate',
  'isDefault',
  'partnerId',
  'createdAt',
  'removedAt',
] as const

/** In the order of their creation, in which all lock them. */
const select = (ids: string, lock = '') => `
  SELECT ${columnsOf('accounts', [...FIXED, ...STATE])} FROM accounts WHERE id IN ${ids} ORDER BY id ${lock}`
const SELECT = {
  wait: d => select(d.list('ids', 'text'), d.forUpdate()),
  skip: d => select(d.list('ids', 'text'), d.forUpdate({ skipLocked: true })),
  none: d => select(d.list('ids', 'text')),
} as const satisfies Record<string, Sql>

/** One index seek for each account for which something waits, so that accounts at rest cost nothing. */
export const WAITING = (d: Dialect) =>
  select(`(
    WITH RECURSIVE waiting(account_id) AS (
      SELECT v.account_id
      FROM (SELECT 1) AS start ${d.first('verifications v', 'v.due_at IS NOT NULL ORDER BY v.account_id')}
      UNION ALL
      SELECT v.account_id
      FROM waiting AS w
        ${d.first('verifications v', 'v.due_at IS NOT NULL AND v.account_id > w.account_id ORDER BY v.account_id')})
    SELECT account_id FROM waiting)`)

const rowsOf = (tx: Tx, ids: readonly string[], { lock }: { lock: keyof typeof SELECT }) =>
  tx.all<AccountRow>(SELECT[lock], { ids })

/** The accounts as claims, answers and operators change them, within the caller's transaction. */
export const createAccountRows = (context: Pick<StoreContext, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const { defaultRate } = context
  const { hasCredentials, claimable } = createAccountKeys(context)

  const save = (tx: Tx, changed: readonly (AccountState & { id: string })[]): Promise<void> =>
    tx.update(
      'accounts',
      ['id'],
      changed.map(account => ({
        id: account.id,
        ...Object.fromEntries(STATE.map(name => [name, account[name]])),
      })),
    )

  return {
    hasCredentials,

    /** For which something waits, and whose key can be decrypted, as a claim takes them; in the order of their creation. */
    waiting: async (tx: Tx): Promise<ClaimedAccount[]> => claimable(await tx.all<AccountRow>(WAITING), tx.at),

    /** The same of these, locked until the transaction ends; without those that another one has locked. */
    lock: async (tx: Tx, ids: readonly string[]): Promise<ClaimedAccount[]> =>
      claimable(await rowsOf(tx, ids, { lock: 'skip' }), tx.at),

    find: async (tx: Tx, id: string): Promise<AccountState | null> => {
      const [row] = await rowsOf(tx, [id], { lock: 'none' })
      return row ? stateOf(row, defaultRate) : null
    },

    /** These, locked until the transaction ends. */
    load: async (tx: Tx, ids: readonly string[]): Promise<Map<string, AccountState & { id: string }>> =>
      new Map((await rowsOf(tx, ids, { lock: 'wait' })).map(row => [row.id, stateOf(row, defaultRate)])),

    /** What `Store.accountFor` says. */
    choose: async (tx: Tx, partnerId: string, idOrApiId: string | null): Promise<AccountRow | null> => {
      const { accounts } = tx.schema
      const meant =
        idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(tx, idOrApiId)
      return chooseAccount(await tx.db.select().from(accounts).where(meant), partnerId)
    },

    /** Writes what may change of them: all of `AccountState` but the rate. */
    save,

    /** Changes it by a rule, which gives null for no change; the row as it is then, null where there is none. */
    patch: async (
      tx: Tx,
      id: string,
      rule: (account: AccountState) => AccountPatch | null,
    ): Promise<AccountRow | null> => {
      const [row] = await rowsOf(tx, [id], { lock: 'wait' })
      if (!row) return null
      const account = stateOf(row, defaultRate)
      const patch = rule(account)
      if (patch) await save(tx, [{ ...account, ...patch }])
      return { ...row, ...patch }
    },
  }
}
