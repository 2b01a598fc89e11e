import type { Context } from 'hono'
import type { Config } from '../config/settings.ts'
import type { ActName } from '../core/act.ts'
import type { Edit } from '../core/changes.ts'
import type { Clock } from '../core/clock.ts'
import type { Read } from '../core/registration-input.ts'
import type { Role } from '../core/role.ts'
import type { Attempt } from '../store/messages/message.ts'
import type { NewRegistration, Registered } from '../store/registrations/registering.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Tracer } from '../telemetry/traces/span-tracer.ts'
import type { TrustedProxies } from './caller.ts'
import type { ConsoleVault } from './console-links.ts'
import type { EnumerationGuard } from './middleware/enumeration-guard.ts'
import type { RateDeps, Rates } from './rates.ts'

/** Caller of the admin API. */
export interface Operator {
  /** Id of the token; `ADMIN_TOKEN` for the setting's. */
  id: string
  name: string
  role: Role
}

/** Variables that a request of the API carries from its middleware to its handlers. */
export interface ApiEnv {
  Variables: {
    requestId: string
    partnerId: string
    /** Partner API: the API key of the call; null: it came by a console link. */
    keyId: string | null
    /** Partner API: charges a body's bytes to the partner's rate before they are kept. Throws if it is used up. */
    charge: (bytes: number) => void
    traceparent: string
    /** Admin API: the operator, and the reason given for the act. */
    operator: Operator
    reason: string | null
    /** Whether the body asks for a dry run, even if it is refused otherwise; undefined: no body was read. */
    isDryRun?: boolean
    /**
     * Admin API: records an act in the audit, with the id of its object and the edit; `act` if it is not the call's.
     * Called before a change. Rejects if the act cannot be recorded; then nothing may be changed.
     */
    beginAct: (object: string, edit?: Edit & { act?: ActName }) => Promise<void>
  }
}

export interface FrameDeps {
  emit: Emit<'request.answered' | 'probe.answered' | 'stranger.refused' | 'request.failed'>
  monotonic: () => number
  newId: (prefix: string) => string
  /** Aborted when the service stops; from then on all but `/healthz` and `/readyz` get 503. */
  stopping: AbortSignal
  /** Null: tracing is off. */
  tracer: Pick<Tracer, 'request'> | null
}

export interface RefusalDeps {
  rates: Pick<Rates, 'take'>
  trustedProxies: TrustedProxies
}

/** One precondition of the service. `reason` describes the fault in words; null: none. */
export interface ReadyCheck {
  name: string
  ok: boolean
  reason: string | null
}

export interface ProbeDeps extends FrameDeps, RateDeps, Omit<RefusalDeps, 'rates'> {
  version: string
  ready: () => Promise<ReadyCheck[]>
  metrics: { contentType: string; text: () => Promise<string> }
}

/** Dependencies of the API. */
export interface ApiDeps extends ProbeDeps {
  config: Config
  store: Store
  /** Resolves once the registration is durable. */
  register: (item: NewRegistration) => Promise<Registered>
  /** Returns the normalised form of a callback URL, or a message that describes the allowed URLs. */
  judgeUrl: (text: unknown) => Read<string>
  enumerationGuard: Pick<EnumerationGuard, 'recordConflict' | 'slowedForMs'>
  /** Returns the three `webhook-*` headers of each event, signed now. */
  signEvents: (
    partnerId: string,
    events: readonly { id: string; body: string }[],
  ) => Promise<readonly Readonly<Record<string, string>>[]>
  testCallback: (partnerId: string, callbackUrl: string) => Promise<Attempt>
  /** Resolves with null if the partner has no contact. `id` is that of the message. */
  testContact: (partnerId: string, id: string) => Promise<Attempt | null>
  random: (bytes: number) => Buffer
  sleep: Clock['sleep']
  emit: Emit
}

export type SharedDeps = ApiDeps & { rates: Rates; consoleVault: ConsoleVault }
export type PartDeps = SharedDeps & {
  registrar: {
    one: (c: Context<ApiEnv>) => Promise<Response>
    batch: (c: Context<ApiEnv>, registrations: readonly unknown[]) => Promise<Response>
  }
  /** Resolves when the registration ends, after `ms`, or when the signal aborts; at once if too many calls wait. */
  waitForEnd: (id: string, wait: { partnerId: string; ms: number; signal: AbortSignal }) => Promise<void>
}
