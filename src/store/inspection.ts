import type { RefusingChannel } from '../core/operator-channel.ts'
import type { AccountRow } from './account.ts'
import type { LastBackup } from './backup.ts'
import type { NodeVerbs, ServiceNode } from './nodes.ts'
import type { PostgresInspection } from './postgres/inspection.ts'
import type { SchemaAge } from './schema-age.ts'
import type { Sealed } from './sealed.ts'
import type { SqliteInspection } from './sqlite/inspection.ts'
import type { ClaimedAccount, Stats } from './store.ts'

/** What can be learnt of a database that services may have open, without changing it. */
export type Inspection = SqliteInspection | PostgresInspection

/** So many accounts are told of. */
export const MOST_INSPECTED_ACCOUNTS = 100

/** What any engine tells. */
export interface AnyInspection {
  /** What reads its rows needs the current one. Null: another session has locked what says so. */
  age: SchemaAge | null
  /** True where it has not been written with any key yet. Null: another session has locked what says so. */
  opensWithKey: boolean | null
  stats(): Promise<Stats>
  deliveriesHeldAt(): Promise<number | null>
  lastBackup(): Promise<LastBackup>
  refusingChannel(): Promise<RefusingChannel | null>
  listNodes: NodeVerbs['listNodes']
  /** Those that have shown themselves a moment ago. */
  presentNodes(): Promise<readonly ServiceNode[]>
  accounts(): Promise<readonly InspectedAccount[]>
  close(): Promise<void>
}

/** With its key in the clear; null: it does not decrypt. */
export interface InspectedAccount {
  account: Pick<AccountRow, 'id' | 'apiId' | 'passwordMode' | 'pausedAt' | 'removedAt'>
  apiKey: ClaimedAccount['apiKey'] | null
}

export const inspectAccount = (account: AccountRow, { accountKey }: Pick<Sealed, 'accountKey'>): InspectedAccount => {
  try {
    return { account, apiKey: accountKey.open(account) }
  } catch {
    return { account, apiKey: null }
  }
}
