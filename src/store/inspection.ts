import { serialKey } from '../core/registration.ts'
import type { AccountRow, ClaimedAccount } from './accounts/rows.ts'
import type { StoreContext } from './context.ts'
import { asc, eq, or } from './drizzle.ts'
import type { SchemaAge } from './opening.ts'
import type { Stats } from './stats/stats.ts'

/** So many accounts are asked. */
const MOST_INSPECTED_ACCOUNTS = 100

/** Reads a database that services may have open, without changing it. */
export interface Inspection {
  /** Without the current one `stats`, `accounts` and `registeredAs` cannot be read. */
  age(): Promise<SchemaAge>
  /** True where it has not been written with any key yet. */
  opensWithKey(): Promise<boolean>
  /** The fingerprint of the key at hand. */
  masterKey: string
  stats(): Promise<Stats>
  accounts(): Promise<readonly InspectedAccount[]>
  /** How a serial that counts as this one is registered, for any account; null: none is. */
  registeredAs(serial: string): Promise<string | null>
  close(): Promise<void>
}

/** With its key in the clear; null: it does not decrypt. */
export interface InspectedAccount {
  account: Pick<AccountRow, 'id' | 'apiId' | 'passwordMode' | 'pausedAt' | 'removedAt' | 'isDefault'>
  apiKey: ClaimedAccount['apiKey'] | null
}

export const inspectAccounts = ({ read, sealed: { accountKey } }: StoreContext): Promise<readonly InspectedAccount[]> =>
  read(async ({ db, schema: { accounts } }) => {
    const rows: AccountRow[] = await db.select().from(accounts).orderBy(asc(accounts.id)).limit(MOST_INSPECTED_ACCOUNTS)
    return rows.map(account => {
      try {
        return { account, apiKey: accountKey.open(account) }
      } catch {
        return { account, apiKey: null }
      }
    })
  })

export const findRegistered = ({ read }: StoreContext, serial: string): Promise<string | null> =>
  read(async ({ db, schema: { verifications } }) => {
    const key = serialKey(serial)
    const isSame = or(eq(verifications.idcardid, key), eq(verifications.serialKey, key))
    const [row] = await db.select({ idcardid: verifications.idcardid }).from(verifications).where(isSame).limit(1)
    return row?.idcardid ?? null
  })
