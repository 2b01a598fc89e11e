import { createUrlJudge } from '../callback/guard.ts'
import { openSender } from '../callback/sender.ts'
import { createEventSigner } from '../callback/signing.ts'
import { createTestCallback } from '../callback/test-callback.ts'
import type { UpstreamConfig } from '../config/read-config.ts'
import { createNetworks } from '../core/address.ts'
import { SECOND } from '../core/duration.ts'
import { createApi } from '../http/api.ts'
import { listen } from '../http/listen.ts'
import { createEnumerationGuard } from '../http/middleware/enumeration-guard.ts'
import { createCoalescer } from '../store/coalescer.ts'
import type { NewRegistration, Registered, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { openUpstream } from '../upstream/upstream.ts'
import { VERSION } from '../version.ts'
import { createBackgroundJob } from '../worker/background-job.ts'
import { createDeliverer } from '../worker/deliverer.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { createPollPlan } from '../worker/poll-plan.ts'
import { createPoller } from '../worker/poller.ts'
import { createRounds } from '../worker/rounds.ts'
import { createSandbox } from '../worker/sandbox.ts'
import { clock, createIds, random } from './clock-and-ids.ts'
import { openDatabase } from './database.ts'
import { createReadiness } from './readiness.ts'

export interface App {
  /** Where the API listens. */
  url: string
  store: Store
  /** Claims no more, finishes what is in flight, 10 s at most, and closes everything. */
  stop(): Promise<void>
}

const GRACE_MS = 10 * SECOND
const REGISTER_BATCH = 32
const PRUNE_BATCH = 100
const RESEND_BATCH = 200

/**
 * Starts the API, the poller and the deliverer in this process: here the rooms come together.
 *
 * @param database for who has begun to open it already
 */
export const openApp = async (
  config: UpstreamConfig,
  emit: Emit,
  database: Promise<Store> = openDatabase(config, { emit, runs: 'on its own thread' }),
): Promise<App> => {
  const { callback, polling, server, upstream } = config
  const store = await database
  const newId = createIds()
  await store.putDefaultAccount({
    id: newId('acc'),
    apiId: upstream.account,
    apiKey: upstream.apiKey,
    passwordMode: upstream.passwordMode,
  })

  const networks = createNetworks(callback.allowNetworks.map(({ address, prefix }) => `${address}/${prefix}`))
  if (!networks.ok) throw new Error(`CALLBACK_ALLOW_NETWORKS: ${networks.message}`)
  const policy = { allowHttp: callback.allowHttp, allowed: networks.networks }
  const judge = createUrlJudge(policy)
  const userAgent = `idface-notifier/${VERSION}`
  const asking = openUpstream({ ...upstream, userAgent, clock })
  const sender = openSender({
    timeoutMs: callback.timeoutMs,
    policy,
    proxy: callback.proxy?.reveal() ?? null,
    userAgent,
    connectionsPerHost: callback.concurrencyPerHost,
    clock,
  })
  const enumerationGuard = createEnumerationGuard({ now: clock.now, emit })
  const plan = polling.schedule === 'learned' ? createPollPlan({ store, schedule: polling, clock, emit }) : null
  const poller = createPoller({
    store,
    upstream: asking,
    sandbox: upstream.sandbox ? createSandbox(polling) : null,
    policy: polling,
    plan,
    concurrency: upstream.concurrency,
    timeoutMs: upstream.timeoutMs,
    random: Math.random,
    clock,
    onLookup: enumerationGuard.recordLookup,
    onFree: () => polls.ring(),
    emit,
  })
  const polls = createRounds(poller.round, {
    clock,
    now: store.now,
    onError: error => emit('poll.round_failed', { error }),
  })
  const deliverer = createDeliverer({
    store,
    sender,
    scheduleMs: callback.retryScheduleMs,
    timeoutMs: callback.timeoutMs,
    concurrency: callback.concurrency,
    perHost: callback.concurrencyPerHost,
    random: Math.random,
    clock,
    onFree: () => deliveries.ring(),
    emit,
  })
  const deliveries = createRounds(deliverer.round, {
    clock,
    now: store.now,
    onError: error => emit('delivery.round_failed', { error }),
  })
  const proxies = createNetworks(server.trustProxy.map(({ address, prefix }) => `${address}/${prefix}`))
  if (!proxies.ok) throw new Error(`TRUST_PROXY: ${proxies.message}`)
  const stopping = new AbortController()
  const readiness = createReadiness(store)
  const api = createApi({
    store,
    // Small, so that one is written while the next is read, and the one before synced.
    register: createCoalescer<NewRegistration, Registered>(store.register, {
      batch: REGISTER_BATCH,
      batches: Number.POSITIVE_INFINITY,
    }),
    registerAll: store.register,
    signEvents: createEventSigner(store),
    judgeUrl: text => {
      const verdict = judge(text)
      if (verdict.ok) return { ok: true, href: verdict.url.href }
      emit('callback.refused', { refusal: verdict.refusal })
      return { ok: false, message: verdict.message }
    },
    apiRate: server.apiRate,
    trustedProxies: proxies.networks,
    enumerationGuard,
    stopping: stopping.signal,
    testCallback: createTestCallback({ store, sender, newId }),
    registrationTtlMs: polling.registrationTtlMs,
    adminToken: server.adminToken,
    newId,
    random,
    ...clock,
    emit,
    version: VERSION,
    ready: readiness.checks,
  })

  store.events.on('unreadable', registrationId =>
    emit('message.unreadable', { registrationId, advice: 'restore its row from a backup, then resend it' }),
  )
  store.events.on('verificationsDue', polls.ring)
  store.events.on('messagesDue', deliveries.ring)
  store.events.on('cancelled', deliverer.cancel)
  const pruner = createBackgroundJob({
    batch: size => store.prune(store.now() - config.storage.retentionMs, size),
    size: PRUNE_BATCH,
    event: 'retention',
    emit,
  })
  const resender = createBackgroundJob({ batch: store.continueResends, size: RESEND_BATCH, event: 'resend', emit })
  store.events.on('resendsDue', resender.ring)
  const heartbeat = startHeartbeat({
    everySecond: [polls.ring, deliveries.ring],
    everyMinute: [pruner.ring, resender.ring],
    emit,
  })
  const listener = await listen(api.fetch, server)
  polls.ring()
  deliveries.ring()
  resender.ring()

  const drain = async () => {
    await Promise.all([
      heartbeat.stop(),
      polls.stop().then(poller.whenIdle).then(plan?.stop),
      deliveries.stop().then(deliverer.whenIdle),
      pruner.stop(),
      resender.stop(),
      listener.close(),
    ])
  }
  const stop = async () => {
    readiness.stopping()
    stopping.abort()
    await Promise.race([drain(), afterGrace()])
    asking.close()
    sender.close()
    await store.close()
  }
  return { url: listener.url, store, stop }
}

const afterGrace = () =>
  new Promise<void>(resolve => {
    setTimeout(resolve, GRACE_MS).unref()
  })
