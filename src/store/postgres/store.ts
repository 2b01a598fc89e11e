import { EventEmitter } from 'node:events'
import { createKeyedQueue } from '../../core/keyed-limiter.ts'
import { createAccounts } from '../accounts/accounts.ts'
import { createCompletions } from '../accounts/completions.ts'
import { createBulkActs } from '../bulk/acts.ts'
import { createBulkSteps } from '../bulk/steps.ts'
import { createCallbacks } from '../callbacks/callbacks.ts'
import { createCallbackNotices } from '../callbacks/notices.ts'
import { createMessageClaims } from '../messages/claims.ts'
import { createEvents } from '../messages/events.ts'
import { createMessageSettling } from '../messages/settling.ts'
import { createActs } from '../operators/acts.ts'
import { createAdminTokens } from '../operators/admin-tokens.ts'
import { createFactVerbs } from '../operators/facts.ts'
import { createNodes } from '../operators/nodes.ts'
import { createOperatorEvents } from '../operators/operator-events.ts'
import { createApiKeys } from '../partners/api-keys.ts'
import { createPartners } from '../partners/partners.ts'
import { createSigningSecrets } from '../partners/signing-secrets.ts'
import { createPartnerStatus } from '../partners/status.ts'
import { createExplanations } from '../registrations/explanations.ts'
import { createRegistrationQueries } from '../registrations/queries.ts'
import { createRegistrationSearch } from '../registrations/search.ts'
import { createResealing } from '../resealing.ts'
import { createRetention } from '../retention/retention.ts'
import { createOpenOr, sealedUnder } from '../sealed.ts'
import { createStats } from '../stats/stats.ts'
import type { Store, StoreHints } from '../store.ts'
import { createVerificationClaims } from '../verifications/claims.ts'
import { createDueTimes } from '../verifications/due-times.ts'
import { createVerificationSettling } from '../verifications/settling.ts'
import { type ConnectionOptions, openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { openHintChannel } from './hints.ts'
import { bringUpToDate, type OpeningStep } from './opening.ts'
import { createRegistrations } from './registrations.ts'
import { readServerStats } from './server-facts.ts'
import { createUpkeep } from './upkeep.ts'

/** What operators read over all partners takes so many connections at most of those for calls. */
const LONG_READS_AT_ONCE = 2

export interface PostgresOptions extends Omit<ConnectionOptions, 'connections' | 'hasDatabaseClock'> {
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  /** Random bytes, for what is sealed. */
  random: (bytes: number) => Buffer
  defaultRate: number
  /** Connections for calls, and as many for the loops; 5 unless given. */
  connections?: number
  /** False: `now` decides, not the database's clock; true unless given. */
  hasDatabaseClock?: boolean
  /** Told before the database is open. A newer schema may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens a PostgreSQL database, at the current schema. Throws what `bringUpToDate` throws. */
export const openPostgresStore = async ({
  masterKey,
  previousKey,
  random,
  defaultRate,
  connections = 5,
  hasDatabaseClock = true,
  onStep = () => {},
  ...options
}: PostgresOptions): Promise<Store> => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  const sealed = sealedUnder({ masterKey, previousKey }, random)
  await bringUpToDate(options.url, { sealed, onStep, limits: options.limits })
  const connection = openConnection({ ...options, connections, hasDatabaseClock })
  const channel = openHintChannel({ url: options.url, hints, sleep: options.sleep, id: random(8).toString('hex') })
  const context: Context = {
    ...connection,
    sealed,
    openOr: createOpenOr(hints),
    hints,
    tell: channel.tell,
    defaultRate,
  }
  // For what the workers call, so that calls and workers do not wait for each other's connections.
  const ofLoops: Context = { ...context, ...connection.loops }
  const queued = createKeyedQueue(LONG_READS_AT_ONCE)
  const ofOperators: Context = { ...context, read: run => queued('', () => context.read(run)) }
  const verbs: Omit<Store, 'now' | 'hints' | 'close'> = {
    ...createPartners(context),
    ...createApiKeys(context),
    ...createAccounts(context),
    ...createSigningSecrets(context),
    ...createEvents(context),
    ...createRegistrationQueries(context),
    ...createExplanations(context),
    ...createRegistrationSearch(ofOperators),
    ...createPartnerStatus(context),
    ...createStats(ofOperators, readServerStats),
    ...createAdminTokens(context),
    ...createActs(ofOperators),
    ...createRegistrations(context),
    ...createBulkActs(context),
    ...createBulkSteps(ofLoops),
    ...createCallbacks(context),
    ...createFactVerbs(context),
    ...createVerificationClaims(ofLoops),
    ...createVerificationSettling(ofLoops),
    ...createDueTimes(ofLoops),
    ...createCompletions(ofLoops),
    ...createRetention(ofLoops),
    ...createResealing(ofLoops),
    ...createNodes(ofLoops, createUpkeep(ofLoops)),
    claimMessages: createMessageClaims(ofLoops),
    settleMessages: createMessageSettling(ofLoops),
    ...createCallbackNotices(ofLoops),
    ...createOperatorEvents(ofLoops),
    engineCounts: async () => ({ kind: 'postgres', ...connection.engineCounts(), isListening: channel.isUp() }),
  }
  const { now } = connection
  const close = async () => {
    await channel.close()
    await connection.close()
  }
  return { now, hints, ...verbs, close }
}
