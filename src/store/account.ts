import { type AccountState, withoutStepBack } from '../core/account.ts'
import { DAY } from '../core/duration.ts'
import type { Secret } from '../core/secret.ts'
import { TEST_ACCOUNT_ID } from '../core/test-serial.ts'
import type { ClaimedAccount } from './queues.ts'
import type { Opening } from './sealed.ts'

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

export interface Account
  extends Pick<AccountState, 'rate' | 'pausedAt' | 'pauseReason' | 'pauseCode' | 'unreachableAt' | 'unreachableError'> {
  id: string
  apiId: string
  passwordMode: 'dynamic' | 'static'
  partnerId: string | null
}

/** As it is stored. */
export interface AccountRow extends Omit<AccountState, 'rate'>, Omit<NewAccount, 'apiKey'> {
  /** Sealed. */
  apiKey: Buffer
  /** The one that is used where a partner names none and has none of its own. */
  isDefault: boolean
  createdAt: number
  /** Since when nobody finds it, and what waits for it is asked to its end; null: it is in use. */
  removedAt: number | null
}

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
export const accountOfRow = (row: AccountRow, defaultRate: number): Account => ({
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

/** What answers and operators change of it. */
export const stateOf = (row: AccountRow, defaultRate: number): AccountState & { id: string } => ({
  ...row,
  rate: row.rate ?? defaultRate,
})

/** As a claim hands it out, with its key in the clear. */
export const viewClaimedAccount = (
  row: AccountRow,
  { apiKey, defaultRate }: { apiKey: Secret; defaultRate: number },
): ClaimedAccount => {
  const { partnerId: _, ...shown } = accountOfRow(row, defaultRate)
  const { probes, probeAt, allowedAt, rampAt, rampRate } = row
  return { ...shown, apiKey, probes, probeAt, allowedAt, rampAt, rampRate }
}

/**
 * The account that a partner uses, of those that its request may mean: its own before one for all, then the oldest; never
 * one that is bound to another partner, or not in use.
 */
export const chooseAccount = <Row extends Pick<AccountRow, 'id' | 'partnerId' | 'removedAt'>>(
  candidates: readonly Row[],
  partnerId: string,
): Row | null => {
  const usable = candidates.filter(row => (row.partnerId === null || row.partnerId === partnerId) && isInUse(row))
  const own = usable.filter(row => row.partnerId !== null)
  const [first, ...others] = own.length > 0 ? own : usable
  return first ? others.reduce((oldest, row) => (row.id < oldest.id ? row : oldest), first) : null
}

/** The keys of accounts, opened. */
export const createAccountKeys = ({ sealed, openOr, defaultRate }: Opening & { defaultRate: number }) => {
  /** By APIID: a claim needs them each time. */
  const opened = new Map<string, { bytes: Buffer; key: Secret }>()
  const apiKeyOf = (row: AccountRow): Secret | null => {
    const known = opened.get(row.apiId)
    // A damaged file may have something else than bytes.
    if (known && Buffer.isBuffer(row.apiKey) && known.bytes.equals(row.apiKey)) return known.key
    const key = openOr({ table: 'accounts', id: row.id }, { open: () => sealed.accountKey.open(row), instead: null })
    if (key) opened.set(row.apiId, { bytes: row.apiKey, key })
    return key
  }

  /** One that cannot be decrypted is told by whoever needs it: here the right one is at hand. */
  const hasKey = (row: AccountRow, key: Secret): boolean => {
    try {
      return sealed.accountKey.open(row).reveal() === key.reveal()
    } catch {
      return false
    }
  }

  return {
    hasCredentials: (row: AccountRow, { apiKey, passwordMode }: Pick<NewAccount, 'apiKey' | 'passwordMode'>): boolean =>
      row.passwordMode === passwordMode && hasKey(row, apiKey),

    /** Those whose key can be decrypted, as a claim at this time takes them. */
    claimable: (rows: readonly AccountRow[], at: number): ClaimedAccount[] =>
      rows.flatMap(row => {
        const apiKey = apiKeyOf(row)
        return apiKey ? [withoutStepBack(viewClaimedAccount(row, { apiKey, defaultRate }), at)] : []
      }),
  }
}
