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
  /** Calls a second; null: the setting's. */
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

/** As it is stored, with its key sealed. */
export type AccountRow = Row<'accounts'>

/** A removed account is kept for so long at least: whoever found it before may register for it for some seconds more. */
export const REMOVED_KEPT_MS = DAY

/** Whether operators see it, and partners may use it. */
export const isInUse = (row: Pick<AccountRow, 'id' | 'removedAt'>) =>
  row.removedAt === null && row.id !== TEST_ACCOUNT_ID

/** `default`: the settings name it. `bound`: a partner that is enabled has it for its own. */
export type AccountRemoval = 'removed' | 'default' | 'bound'

export const judgeRemoval = (
  { isDefault }: Pick<AccountRow, 'isDefault'>,
  owner: { disabled: boolean } | undefined,
): AccountRemoval => (isDefault ? 'default' : owner?.disabled === false ? 'bound' : 'removed')

/** @param defaultRate calls a second of an account that names none */
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
 * The account that a partner uses, of those that its request may mean: its own before one for all, then the oldest; never
 * one that is bound to another partner, or not in use.
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

/** As `isInUse`. */
export const isShown = ({ schema: { accounts } }: WithSchema) =>
  and(isNull(accounts.removedAt), ne(accounts.id, TEST_ACCOUNT_ID))
export const named = (tx: WithSchema, idOrApiId: string) => {
  const { accounts } = tx.schema
  return and(isShown(tx), or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId)))
}

const FIXED = ['id', 'apiId', 'apiKey', 'passwordMode', 'rate', 'partnerId'] as const
/** All that claims, answers and operators change of an account. */
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

/** Those of them that there are, in the order of their creation; with `wait` locked until the transaction ends. */
export const loadAccounts = async (
  tx: Tx,
  ids: readonly string[],
  { defaultRate, lock }: { defaultRate: number; lock: 'wait' | 'none' },
): Promise<(Selected & AccountState)[]> => {
  const rows = ids.length === 0 ? [] : await tx.all<Selected>(SELECT[lock], { ids })
  return rows.map(row => ({ ...row, rate: row.rate ?? defaultRate }))
}

/** Writes all of `AccountState` but the rate. */
export const saveAccounts = (tx: Tx, changed: readonly (AccountState & { id: string })[]): Promise<void> =>
  tx.update(
    'accounts',
    ['id'],
    changed.map(account => ({ id: account.id, ...Object.fromEntries(STATE.map(name => [name, account[name]])) })),
  )

/** `Store.accountFor`. */
export const accountFor = async (tx: Tx, partnerId: string, idOrApiId: string | null): Promise<AccountRow | null> => {
  const { accounts } = tx.schema
  const meant = idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(tx, idOrApiId)
  return chooseAccount(await tx.db.select().from(accounts).where(meant), partnerId)
}

/** The accounts as claims take them, in the order of their creation: those whose keys can be decrypted. */
export const createClaimableAccounts = ({
  sealed,
  openOr,
  defaultRate,
}: Pick<StoreContext, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const claimable = (rows: readonly Selected[], at: number): ClaimedAccount[] =>
    rows.flatMap(({ partnerId: _, ...row }) => {
      const open = () => sealed.accountKey.open(row)
      const apiKey = openOr({ table: 'accounts', id: row.id }, { open, instead: null })
      return apiKey ? [withoutStepBack({ ...row, apiKey, rate: row.rate ?? defaultRate }, at)] : []
    })

  return {
    /** For which something waits. */
    waiting: async (tx: Tx) => claimable(await tx.all(WAITING), tx.at),

    /** These, locked until the transaction ends; without those that another one has locked. */
    lock: async (tx: Tx, ids: readonly string[]) => claimable(await tx.all(SELECT.skip, { ids }), tx.at),
  }
}
