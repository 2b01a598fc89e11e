import { hostname } from 'node:os'
import { openSender } from '../callback/sender.ts'
import type { UpstreamConfig } from '../config/read-config.ts'
import { settingPrintsOf } from '../config/settings-id.ts'
import { callbackPolicy } from '../core/callback-url.ts'
import { within } from '../core/clock.ts'
import { createClosing } from '../core/closing.ts'
import { SECOND } from '../core/duration.ts'
import type { NodeRole } from '../core/node.ts'
import { Secret } from '../core/secret.ts'
import { TEST_ACCOUNT_ID } from '../core/test-serial.ts'
import { createEnumerationGuard } from '../http/middleware/enumeration-guard.ts'
import type { NewAccount } from '../store/accounts/rows.ts'
import type { Store } from '../store/store.ts'
import { createEmit, type Emit, type Listener } from '../telemetry/emit.ts'
import { openUpstream } from '../upstream/upstream.ts'
import { USER_AGENT, VERSION } from '../version.ts'
import { openHistory } from '../worker/history.ts'
import { createPresence } from '../worker/presence.ts'
import { emitCallbackChanges } from './callback-changes.ts'
import { clock, createIds, system } from './clock-and-ids.ts'
import { openDatabase } from './database.ts'
import { createNodeMetrics } from './node-metrics.ts'
import { openApi } from './open-api.ts'
import { type DelivererRole, openDeliverer } from './open-deliverer.ts'
import { openDueTimes } from './open-due-times.ts'
import { openOperator } from './open-operator.ts'
import { openPoller, type PollerRole } from './open-poller.ts'
import { openProbes } from './open-server.ts'
import { createReadiness } from './readiness.ts'
import { GRACE_MS, type Role } from './role.ts'
import { traceAttempts } from './traced.ts'

/** Its rate limits only how many test serials are answered at a time. */
const TEST_ACCOUNT: NewAccount = {
  id: TEST_ACCOUNT_ID,
  apiId: 'test-serials',
  apiKey: new Secret('none'),
  passwordMode: 'static',
  rate: 1_000,
  partnerId: null,
}
/** Maximum time to send the last spans, out of the grace period of a stop. */
const FLUSH_MS = 2 * SECOND
/** Maximum time to write what the last minute has counted. */
const HISTORY_MS = 500
/** Maximum time of a whole stop, even if the database does not answer: the roles take up to 11 s of it. */
const STOP_MS = 11.8 * SECOND

/** Returns null, without loading OpenTelemetry's SDK, if no endpoint is set. */
const openTraces = async ({ endpoint }: UpstreamConfig['traces'], emit: Emit) => {
  if (endpoint === null) return null
  const { openSdk } = await import('../telemetry/traces/sdk.ts')
  return openSdk({ endpoint, version: VERSION, sleep: clock.sleep, emit })
}

export interface App {
  /** The URL at which it listens. */
  url: string
  store: Store
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts the API, the poller and the deliverer in this process, or those that ROLES names. Disposing stops all of them
 * at once and waits up to 10 s for work in flight; breaks off and releases the rest; and closes the database last, when
 * everything is recorded. Throws if that takes longer than 11.8 s.
 *
 * @param log receives all events
 */
export const openApp = async (
  config: UpstreamConfig,
  log: Listener,
  database: Promise<Store> = openDatabase(config, { emit: createEmit([log]), as: 'service' }),
): Promise<App> => {
  const { callback, upstream } = config
  const does = (role: NodeRole) => config.node.roles.includes(role)
  await using stack = createClosing()
  const store = await database
  stack.defer(() => store.close())
  let poller: PollerRole | null = null
  let deliverer: DelivererRole | null = null
  const workers = {
    inUse: () => ({ poll: poller?.underWay() ?? 0, deliver: deliverer?.underWay() ?? 0 }),
    clockAheadMs: () => poller?.clockAheadMs() ?? null,
    answers: () => poller?.answers() ?? null,
  }
  const self = {
    id: createIds()('node'),
    version: VERSION,
    settings: settingPrintsOf(config),
    roles: config.node.roles,
  }
  const presence = createPresence(store, self, workers, clock)
  // The other nodes see this node until all its work has ended.
  stack.defer(presence.end)
  const metrics = createNodeMetrics(store, config, workers)
  const listeners = [log, metrics.listener]
  const emit = createEmit(listeners)
  const history = openHistory({ store, node: self.id, clock, emit })
  listeners.push(history.listen)
  // After all roles, whose last events it counts.
  stack.defer(() => within(clock, HISTORY_MS, history.close()))
  store.hints.on('unreadable', row => emit('value.unreadable', row))
  emitCallbackChanges(store, emit)
  await store.putDefaultAccount({
    id: createIds()('acc'),
    apiId: upstream.account,
    apiKey: upstream.apiKey,
    passwordMode: upstream.passwordMode,
  })
  if (upstream.sandbox) await store.createAccount(TEST_ACCOUNT)
  const traces = await openTraces(config.traces, emit)
  const tracer = traces?.tracer ?? null
  const untraced = openSender({
    timeoutMs: callback.timeoutMs,
    policy: callbackPolicy(callback),
    proxy: callback.proxy?.reveal() ?? null,
    userAgent: USER_AGENT,
    clock,
  })
  stack.defer(() => untraced.close())
  const sender = traceAttempts(untraced, tracer)
  const enumerationGuard = createEnumerationGuard({ now: store.now, emit })
  const shared = { config, store, emit, tracer }
  const roles: Role[] = []
  // The role that was opened last stops first. All roles stop claiming and accepting before any of them is waited for.
  stack.defer(async () => {
    const begunAt = clock.monotonic()
    await Promise.all(roles.toReversed().map(role => role.stop()))
    await Promise.all(roles.toReversed().map(role => role.breakOff()))
    const leftMs = GRACE_MS - (clock.monotonic() - begunAt)
    await traces?.close(Math.max(0, Math.min(FLUSH_MS, leftMs)))
  })
  const operator = openOperator({ ...shared, certificateEnds: untraced.certificateEnds })
  roles.push(operator)
  listeners.push(operator.listen)
  const stopping = new AbortController()
  const ready = createReadiness(store, clock, stopping.signal)
  const served = { ...shared, ready, stopping, metrics: metrics.page, rateShare: presence.rateShare }
  const server = await (does('api') ? openApi({ ...served, sender, enumerationGuard }) : openProbes(served))
  roles.push(server)
  await presence.begin(`${hostname()}:${new URL(server.url).port}`)
  roles.push(openDueTimes({ ...shared, clock }))
  if (does('poll')) {
    const client = openUpstream({ ...upstream, userAgent: USER_AGENT, clock })
    poller = openPoller({ ...shared, ...system, client, onLookup: enumerationGuard.recordLookup })
  }
  if (does('deliver')) deliverer = openDeliverer({ ...shared, ...system, sender })
  roles.push(...[poller, deliverer].filter(role => role !== null))
  const running = stack.move()
  const late = () => {
    throw new Error('not all was recorded before the stop had to end')
  }
  const stop = () => within(clock, STOP_MS, running[Symbol.asyncDispose](), late)
  return { url: server.url, store, [Symbol.asyncDispose]: stop }
}
