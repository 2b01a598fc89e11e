import type { AccountState } from '../../core/account.ts'
import { DAY } from '../../core/duration.ts'
import type { Secret } from '../../core/secret.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import type { Row } from '../tx.ts'

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
  Pick<AccountState, 'rate' | 'pausedAt' | 'pauseReason' | 'pauseCode' | 'unreachableAt' | 'unreachableError'>

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
