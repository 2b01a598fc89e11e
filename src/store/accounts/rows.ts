import { type AccountState, withoutStepBack } from '../../core/account.ts'
import { DAY } from '../../core/duration.ts'
import type { Secret } from '../../core/secret.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import type { StoreContext } from '../context.ts'
import { and, eq, isNull, ne, or } from '../drizzle.ts'
import { columnsOf, type Dialect, type Row, type Sql, type Tx } from '../tx.ts'

export interface NewAccount {
  id: string
  apiId: string
  apiKey: Secret
  passwordMode: 'dynamic' | 'static'
  /** Polls per second; null: the setting's. */
  rate: number | null
  /** The only partner that may use it; null: all. */
  partnerId: string | null
}

export type Account = Pick<NewAccount, 'id' | 'apiId' | 'passwordMode' | 'partnerId'> &
  Pick<
    AccountState,
    'rate' | 'pausedAt' | 'pauseReason' | 'pauseCode' | 'unreachableAt' | 'unreachableError' | 'probes'
  >

export type ClaimedAccount = AccountState & Pick<NewAccount, 'id' | 'apiId' | 'apiKey' | 'passwordMode'>

/** An account as stored, with its key sealed. */
export type AccountRow = Row<'accounts'>

/** Minimum time that a removed account is kept, since a request that found it may still register seconds later. */
export const REMOVED_KEPT_MS = DAY

/** Whether operators see it, and partners may use it. */
export const isInUse = (row: Pick<AccountRow, 'id' | 'removedAt'>) =>
  row.removedAt === null && row.id !== TEST_ACCOUNT_ID

/** `default`: the settings name it. `bound`: it belongs to an enabled partner. */
export type AccountRemoval = 'removed' | 'default' | 'bound'

export const judgeRemoval = (
  { isDefault }: Pick<AccountRow, 'isDefault'>,
  owner: { disabled: boolean } | undefined,
): AccountRemoval => (isDefault ? 'default' : owner?.disabled === false ? 'bound' : 'removed')

/** @param defaultRate polls per second of an account without a rate */
export const accountOfRow = (
  row: Pick<AccountRow, Exclude<keyof Account, 'rate'>> & { rate: number | null },
  defaultRate: number,
): Account => ({
  id: row.id,
  apiId: row.apiId,
  passwordMode: row.passwordMode,
  rate: row.rate ?? defaultRate,
  partnerId: row.partnerId,
  pausedAt: row.pausedAt,
  pauseReason: row.pauseReason,
  pauseCode: row.pauseCode,
  unreachableAt: row.unreachableAt,
  unreachableError: row.unreachableError,
  probes: row.probes,
})

/**
 * Returns the account that a partner uses, of the ones its request may name: its own before a shared one, then the
 * oldest; never one bound to another partner or not in use.
 */
export const chooseAccount = <Candidate extends Pick<AccountRow, 'id' | 'partnerId' | 'removedAt'>>(
  candidates: readonly Candidate[],
  partnerId: string,
): Candidate | null => {
  const usable = candidates.filter(row => (row.partnerId === null || row.partnerId === partnerId) && isInUse(row))
  const own = usable.filter(row => row.partnerId !== null)
  const [first, ...others] = own.length > 0 ? own : usable
  return first ? others.reduce((oldest, row) => (row.id < oldest.id ? row : oldest), first) : null
}

type WithSchema = Pick<Tx, 'schema'>

/** SQL condition, as `isInUse`. */
export const isShown = ({ schema: { accounts } }: WithSchema) =>
  and(isNull(accounts.removedAt), ne(accounts.id, TEST_ACCOUNT_ID))
export const named = (tx: WithSchema, idOrApiId: string) => {
  const { accounts } = tx.schema
  return and(isShown(tx), or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId)))
}

const FIXED = ['id', 'apiId', 'apiKey', 'passwordMode', 'rate', 'partnerId'] as const
/** Columns that claims, answers and operators change. */
const STATE = [
  'pausedAt',
  'pauseReason',
  'pauseCode',
  'unreachableAt',
  'unreachableError',
  'probes',
  'probeAt',
  'allowedAt',
  'rampAt',
  'rampRate',
] as const
type Selected = Pick<AccountRow, (typeof FIXED)[number] | (typeof STATE)[number]>

/** In the order of creation, in which all transactions lock accounts. */
const select = (ids: string, lock = '') => `
  SELECT ${columnsOf('accounts', [...FIXED, ...STATE])} FROM accounts WHERE id IN ${ids} ORDER BY id ${lock}`
const SELECT = {
  wait: d => select(d.list('ids', 'text'), d.forUpdate()),
  skip: d => select(d.list('ids', 'text'), d.forUpdate({ skipLocked: true })),
  none: d => select(d.list('ids', 'text')),
} as const satisfies Record<string, Sql>

const ALL = [...FIXED, ...STATE, 'isDefault', 'createdAt', 'removedAt'] as const
/** Selects whole rows, in the same order, and locks them. */
export const lockWhere =
  (condition: string): Sql =>
  ({ forUpdate }) =>
    `SELECT ${columnsOf('accounts', ALL)} FROM accounts WHERE ${condition} ORDER BY id ${forUpdate()}`

/** One index seek per account with waiting verifications, so that idle accounts cost nothing. */
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

/** Returns the existing accounts, in the order of creation; with `wait`, locked until the transaction ends. */
export const loadAccounts = async (
  tx: Tx,
  ids: readonly string[],
  { defaultRate, lock }: { defaultRate: number; lock: 'wait' | 'none' },
): Promise<(Selected & AccountState)[]> => {
  const rows = ids.length === 0 ? [] : await tx.all<Selected>(SELECT[lock], { ids })
  return rows.map(row => ({ ...row, rate: row.rate ?? defaultRate }))
}

/** Writes all of `AccountState` except the rate. */
export const saveAccounts = (tx: Tx, changed: readonly (AccountState & { id: string })[]): Promise<void> =>
  tx.update(
    'accounts',
    ['id'],
    changed.map(account => ({ id: account.id, ...Object.fromEntries(STATE.map(name => [name, account[name]])) })),
  )

/** Implements `Store.accountFor`. */
export const accountFor = async (tx: Tx, partnerId: string, idOrApiId: string | null): Promise<AccountRow | null> => {
  const { accounts } = tx.schema
  const matching = idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(tx, idOrApiId)
  return chooseAccount(await tx.select().from(accounts).where(matching), partnerId)
}

/** Accounts for claims, in the order of creation: only those with a key that can be decrypted. */
export const createClaimableAccounts = ({
  sealed,
  openOrElse,
  defaultRate,
}: Pick<StoreContext, 'sealed' | 'openOrElse' | 'defaultRate'>) => {
  const claimable = (rows: readonly Selected[], at: number): ClaimedAccount[] =>
    rows.flatMap(({ partnerId: _, ...row }) => {
      const open = () => sealed.accountKey.open(row)
      const apiKey = openOrElse({ table: 'accounts', id: row.id }, { open, instead: null })
      return apiKey ? [withoutStepBack({ ...row, apiKey, rate: row.rate ?? defaultRate }, at)] : []
    })

  return {
    /** Returns the accounts with waiting verifications. */
    waiting: async (tx: Tx) => claimable(await tx.all(WAITING), tx.at),

    /** Locks these accounts until the transaction ends. Skips accounts that another transaction has locked. */
    lock: async (tx: Tx, ids: readonly string[]) => claimable(await tx.all(SELECT.skip, { ids }), tx.at),
  }
}
