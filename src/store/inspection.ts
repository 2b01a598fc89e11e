import { serialKey } from '../core/registration.ts'
import type { AccountRow, ClaimedAccount } from './accounts/rows.ts'
import type { StoreContext } from './context.ts'
import { asc, eq, or } from './drizzle.ts'
import type { SchemaAge } from './opening.ts'
import type { Stats } from './stats/stats.ts'

/** Maximum number of accounts to inspect. */
const MAX_INSPECTED_ACCOUNTS = 100

/** Reads a database that services may have open, without changing it. */
export interface Inspection {
  /** Unless it is `current`, `stats`, `accounts` and `registeredAs` cannot be read. */
  age(): Promise<SchemaAge>
  /** Also true if no key has been used for it yet. */
  opensWithKey(): Promise<boolean>
  /** Fingerprint of the current key. */
  masterKey: string
  stats(): Promise<Stats>
  accounts(): Promise<readonly InspectedAccount[]>
  /** Returns how this serial is written in a registration, of any account; null if it is not registered. */
  registeredAs(serial: string): Promise<string | null>
  close(): Promise<void>
}

/** An account with its key in the clear; null if it does not decrypt. */
export interface InspectedAccount {
  account: Pick<AccountRow, 'id' | 'apiId' | 'passwordMode' | 'pausedAt' | 'removedAt' | 'isDefault'>
  apiKey: ClaimedAccount['apiKey'] | null
}

export const inspectAccounts = ({ read, sealed: { accountKey } }: StoreContext): Promise<readonly InspectedAccount[]> =>
  read(async ({ select, schema: { accounts } }) => {
    const rows: AccountRow[] = await select().from(accounts).orderBy(asc(accounts.id)).limit(MAX_INSPECTED_ACCOUNTS)
    return rows.map(account => {
      try {
        return { account, apiKey: accountKey.open(account) }
      } catch {
        return { account, apiKey: null }
      }
    })
  })

export const findRegistered = ({ read }: StoreContext, serial: string): Promise<string | null> =>
  read(async ({ select, schema: { verifications } }) => {
    const key = serialKey(serial)
    const isSame = or(eq(verifications.idcardid, key), eq(verifications.serialKey, key))
    const [row] = await select({ idcardid: verifications.idcardid }).from(verifications).where(isSame).limit(1)
    return row?.idcardid ?? null
  })
