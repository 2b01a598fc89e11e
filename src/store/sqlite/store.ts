import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { createAccounts } from '../accounts/accounts.ts'
import { createCompletions } from '../accounts/completions.ts'
import { createBulkActs } from '../bulk/acts.ts'
import { tellHints } from '../hints.ts'
import { createEvents } from '../messages/events.ts'
import { createActs } from '../operators/acts.ts'
import { createAdminTokens } from '../operators/admin-tokens.ts'
import { createFactVerbs } from '../operators/facts.ts'
import { createNodes } from '../operators/nodes.ts'
import { createOperatorEvents } from '../operators/operator-events.ts'
import { createApiKeys } from '../partners/api-keys.ts'
import { createPartners } from '../partners/partners.ts'
import { createSigningSecrets } from '../partners/signing-secrets.ts'
import { createExplanations } from '../registrations/explanations.ts'
import { createRegistrationQueries } from '../registrations/queries.ts'
import { createRegistrationSearch } from '../registrations/search.ts'
import { createResealing } from '../resealing.ts'
import { createOpenOr, sealedUnder } from '../sealed.ts'
import type { Store, StoreHints } from '../store.ts'
import { createVerificationClaims } from '../verifications/claims.ts'
import { createVerificationSettling } from '../verifications/settling.ts'
import { createBulkSteps } from './bulk-acts.ts'
import { createCallbacks } from './callbacks.ts'
import { openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { createDueTimes } from './due-times.ts'
import { createMessages } from './messages.ts'
import { bringUpToDate, type OpeningStep, refuseDamage } from './opening.ts'
import { createPartnerStatus } from './partners.ts'
import { createRegistrations } from './registrations.ts'
import { createRetention } from './retention.ts'
import { lockForService } from './service-lock.ts'
import { createStats } from './stats.ts'
import { COMING_TABLES } from './tx.ts'
import { createVerifications } from './verifications.ts'

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  path: string
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  now: () => number
  defaultRate: number
  /** Looks for damage before it opens, which takes time in proportion to the file's size; false unless given. */
  quickCheck?: boolean
  /** Refuses to work beside another service; false unless given. */
  isService?: boolean
  /** Has nothing else to do, and so always waits for another process as long as a start does; false unless given. */
  isCommand?: boolean
  /** Told before the database is open. A newer schema may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens the SQLite file, at the current schema. Throws what `bringUpToDate` throws. */
export const openSqliteStore = async ({
  path,
  masterKey,
  previousKey,
  now,
  defaultRate,
  quickCheck = false,
  isService = false,
  isCommand = false,
  onStep = () => {},
}: SqliteOptions): Promise<Store> => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  await using stack = new AsyncDisposableStack()
  if (isService) {
    const lock = lockForService(path)
    stack.defer(lock.release)
  }
  const connection = refuseDamage(() => openConnection(path, { now, onBroken: error => hints.emit('broken', error) }))
  stack.defer(() => connection.close())
  const context: Context = {
    ...connection,
    ...(isCommand && { endStart: () => {} }),
    sealed: sealedUnder({ masterKey, previousKey }, randomBytes),
    openOr: createOpenOr(hints),
    now,
    hints,
    tell: told => tellHints(hints, told),
    defaultRate,
  }
  await bringUpToDate(context, { quickCheck, onStep })
  connection.client.exec(COMING_TABLES)
  const verbs = {
    ...createRegistrations(context),
    ...createRegistrationQueries(context),
    ...createExplanations(context),
    ...createRegistrationSearch(context),
    ...createEvents(context),
    ...createVerificationClaims(context),
    ...createVerificationSettling(context),
    ...createVerifications(context),
    ...createCompletions(context),
    ...createMessages(context),
    ...createCallbacks(context),
    ...createFactVerbs(context),
    ...createPartners(context),
    ...createPartnerStatus(context),
    ...createApiKeys(context),
    ...createAccounts(context),
    ...createAdminTokens(context),
    ...createActs(context),
    ...createSigningSecrets(context),
    ...createBulkActs(context),
    ...createBulkSteps(context),
    ...createDueTimes(context),
    ...createRetention(context),
    ...createResealing(context),
    ...createStats(context),
    engineCounts: async () => connection.engineCounts(),
    ...createOperatorEvents(context),
    ...createNodes(context),
  }
  const opened = stack.move()
  return { now, hints, ...verbs, close: () => opened.disposeAsync() }
}
