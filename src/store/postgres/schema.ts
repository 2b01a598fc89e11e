import { accountTables } from '../schema/accounts.ts'
import { databaseTables } from '../schema/database.ts'
import { historyTables } from '../schema/history.ts'
import { messageTables } from '../schema/messages.ts'
import { operatorTables } from '../schema/operators.ts'
import { partnerTables } from '../schema/partners.ts'
import { registrationTables } from '../schema/registrations.ts'
import { kit } from './drizzle.ts'

export const { accounts, completionBins } = accountTables(kit)
export const { verifications, registrations } = registrationTables(kit)
export const { lanes, messageBodies, deliveries, attempts } = messageTables(kit)
export const { partners, apiKeys, signingSecrets, callbacks, contacts, toldCallbacks } = partnerTables(kit)
export const { operatorEvents, nodes, adminTokens, acts, bulkActs } = operatorTables(kit)
export const { meta, counts } = databaseTables(kit)
export const { history } = historyTables(kit)

const { identity, index, int8, table, text } = kit

/**
 * Changes of `counts`, appended by triggers, so that writers need not lock a common row. They are folded into `counts`
 * periodically; a reader adds both.
 */
export const countChanges = table(
  'count_changes',
  { id: identity('id'), what: text('what').notNull(), owner: text('owner').notNull(), n: int8('n').notNull() },
  t => [index('count_changes_owner').on(t.owner)],
)
