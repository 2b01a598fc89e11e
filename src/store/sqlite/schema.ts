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
