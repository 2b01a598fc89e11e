import type { EventEmitter } from 'node:events'
import { accountVerbs } from './accounts/accounts.ts'
import { completionVerbs } from './accounts/completions.ts'
import { bulkVerbs } from './bulk/bulk-acts.ts'
import { callbackVerbs } from './callbacks/callbacks.ts'
import type { StoreContext, VerbModule } from './context.ts'
import type { StoreHints } from './hints.ts'
import { historyVerbs } from './history/history.ts'
import { messageClaimVerbs } from './messages/claims.ts'
import { eventVerbs } from './messages/events.ts'
import { messageSettlingVerbs } from './messages/settling.ts'
import { actVerbs } from './operators/acts.ts'
import { adminTokenVerbs } from './operators/admin-tokens.ts'
import { alertVerbs } from './operators/alerts.ts'
import { factVerbs } from './operators/facts.ts'
import { nodeVerbs, type Upkeep } from './operators/nodes.ts'
import { apiKeyVerbs } from './partners/api-keys.ts'
import { contactVerbs } from './partners/contacts.ts'
import { partnerVerbs } from './partners/partners.ts'
import { quotaVerbs } from './partners/quotas.ts'
import { signingSecretVerbs } from './partners/signing-secrets.ts'
import { statusVerbs } from './partners/status.ts'
import { registrationActVerbs } from './registrations/acts.ts'
import { explanationVerbs } from './registrations/explanations.ts'
import { registrationQueryVerbs } from './registrations/queries.ts'
import { registeringVerbs } from './registrations/registering.ts'
import { searchVerbs } from './registrations/search.ts'
import { resealingVerbs } from './resealing.ts'
import { retentionVerbs } from './retention/retention.ts'
import { type ReadFigures, statsVerbs } from './stats/counts.ts'
import type { EngineCounts } from './stats/stats.ts'
import { verificationClaimVerbs } from './verifications/claims.ts'
import { dueTimeVerbs } from './verifications/due-times.ts'
import { verificationSettlingVerbs } from './verifications/settling.ts'

const MODULES = [
  accountVerbs,
  actVerbs,
  adminTokenVerbs,
  alertVerbs,
  apiKeyVerbs,
  bulkVerbs,
  callbackVerbs,
  completionVerbs,
  contactVerbs,
  dueTimeVerbs,
  eventVerbs,
  explanationVerbs,
  factVerbs,
  historyVerbs,
  messageClaimVerbs,
  messageSettlingVerbs,
  nodeVerbs,
  partnerVerbs,
  quotaVerbs,
  registeringVerbs,
  registrationActVerbs,
  registrationQueryVerbs,
  resealingVerbs,
  retentionVerbs,
  searchVerbs,
  signingSecretVerbs,
  statsVerbs,
  statusVerbs,
  verificationClaimVerbs,
  verificationSettlingVerbs,
] as const

type Group = keyof VerbModule
type Merged<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never
/** The verbs that a group makes, of all modules. */
type VerbsOf<Of extends Group, Module = (typeof MODULES)[number]> = Merged<
  Module extends Record<Of, (...args: never[]) => infer Made> ? Made : never
>
interface Verbs extends VerbsOf<'lookups'>, VerbsOf<'lists'>, VerbsOf<'searches'>, VerbsOf<'calls'>, VerbsOf<'loops'> {}

/**
 * The persistent state of the service. Every verb is atomic, and durable when its promise resolves: a power cut
 * afterwards loses nothing. Times are epoch ms by the store's clock. A verb with a `partnerId` sees only objects of that
 * partner; it returns null for others, as if they did not exist.
 *
 * Throws `AppError('unavailable')` when the database cannot be read or written now; nothing is half done then. Such a
 * write may still turn out to be done as a whole in two cases: the disk refused to sync (`broken`), or PostgreSQL's
 * response to the COMMIT was lost.
 */
export interface Store extends Verbs {
  /** The clock for leases and due times. */
  now(): number
  readonly hints: EventEmitter<StoreHints>
  /** Needs no database, so it works while that is unavailable. */
  engineCounts(): Promise<EngineCounts>
  close(): Promise<void>
}

/** What only an engine knows. */
export interface Engine {
  figuresOf: ReadFigures
  upkeep?: Upkeep
}

/** Makes the verbs of a group over the transactions of an engine. */
export const createVerbsOf = <Of extends Group>(group: Of, context: StoreContext, engine: Engine): VerbsOf<Of> =>
  Object.assign({}, ...MODULES.map((module: VerbModule) => module[group]?.(context, engine as never)))

/** Makes all verbs. `loops` and `searches` may have other connections than the `calls`. */
export const createVerbs = (
  calls: StoreContext,
  engine: Engine,
  { loops = calls, searches = calls }: Readonly<Partial<Record<'loops' | 'searches', StoreContext>>> = {},
): Verbs => ({
  ...createVerbsOf('lookups', calls, engine),
  ...createVerbsOf('lists', calls, engine),
  ...createVerbsOf('searches', searches, engine),
  ...createVerbsOf('calls', calls, engine),
  ...createVerbsOf('loops', loops, engine),
})
