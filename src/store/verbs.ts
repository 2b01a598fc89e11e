import { createAccounts } from './accounts/accounts.ts'
import { createCompletions } from './accounts/completions.ts'
import { createBulkActs, createBulkSteps } from './bulk/bulk-acts.ts'
import { createCallbacks } from './callbacks/callbacks.ts'
import { createCallbackNotices } from './callbacks/notices.ts'
import type { StoreContext } from './context.ts'
import { createMessageClaims } from './messages/claims.ts'
import { createEvents } from './messages/events.ts'
import { createMessageSettling } from './messages/settling.ts'
import { createActs } from './operators/acts.ts'
import { createAdminTokens } from './operators/admin-tokens.ts'
import { createOperatorEventList, createOperatorEvents } from './operators/alerts.ts'
import { createFactVerbs } from './operators/facts.ts'
import { createNodes } from './operators/nodes.ts'
import { createApiKeys } from './partners/api-keys.ts'
import { createContacts } from './partners/contacts.ts'
import { createPartners } from './partners/partners.ts'
import { createUsage } from './partners/quotas.ts'
import { createSigningSecrets } from './partners/signing-secrets.ts'
import { createPartnerStatus } from './partners/status.ts'
import { queueReadsByCaller } from './reads-in-line.ts'
import { createRegistrationActs } from './registrations/acts.ts'
import { createExplanations } from './registrations/explanations.ts'
import { createRegistrationQueries } from './registrations/queries.ts'
import { createRegistering } from './registrations/registering.ts'
import { createRegistrationSearch } from './registrations/search.ts'
import { createResealing } from './resealing.ts'
import { createRetention } from './retention/retention.ts'
import { createStats } from './stats/counts.ts'
import type { EngineFigures } from './stats/stats.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'
import { createVerificationClaims } from './verifications/claims.ts'
import { createDueTimes } from './verifications/due-times.ts'
import { createVerificationSettling } from './verifications/settling.ts'

type Verbs = Omit<Store, 'now' | 'hints' | 'close' | 'engineCounts'>

/**
 * Creates the verbs of a store over the transactions of an engine.
 *
 * @param contexts.calls for verbs of the API and commands; `loops` for those of workers; `searches` for reads of
 *   operators over all partners: none waits for another's connections
 * @param figuresOf figures that only the engine knows
 * @param upkeep the engine's work at each beat of a node
 */
export const createVerbs = (
  { calls, loops, searches }: Readonly<Record<'calls' | 'loops' | 'searches', StoreContext>>,
  figuresOf: (tx: Tx) => Promise<EngineFigures>,
  upkeep?: () => Promise<void>,
): Verbs => ({
  ...createPartners(calls),
  ...createApiKeys(calls),
  ...createAccounts(calls),
  ...createSigningSecrets(calls),
  ...createContacts(calls),
  ...createRegistering(calls),
  ...createRegistrationActs(calls),
  ...createAdminTokens(calls),
  ...createBulkActs(calls),
  ...createCallbacks(calls),
  ...createFactVerbs(calls),
  ...createActs(searches),

  ...queueReadsByCaller({
    ...createEvents(calls),
    ...createRegistrationQueries(calls),
    ...createExplanations(calls),
    ...createUsage(calls),
    ...createPartnerStatus(calls),
    ...createRegistrationSearch(searches),
    ...createStats(searches, figuresOf),
    ...createOperatorEventList(searches),
    listSigningSecrets: createSigningSecrets(calls).listSigningSecrets,
    listCallbacks: createCallbacks(calls).listCallbacks,
    listActs: createActs(searches).listActs,
  }),
  // Called for alerts, so it does not queue behind the partner's reads.
  givenUpOf: createStats(searches, figuresOf).givenUpOf,

  ...createVerificationClaims(loops),
  ...createVerificationSettling(loops),
  ...createDueTimes(loops),
  ...createCompletions(loops),
  ...createMessageClaims(loops),
  ...createMessageSettling(loops),
  ...createCallbackNotices(loops),
  ...createBulkSteps(loops),
  ...createRetention(loops),
  ...createResealing(loops),
  ...createNodes(loops, upkeep),
  ...createOperatorEvents(loops),
})
