import { createIds } from '../../../src/app/clock-and-ids.ts'
import { openDeliverer } from '../../../src/app/open-deliverer.ts'
import { openDueTimes } from '../../../src/app/open-due-times.ts'
import { openPoller } from '../../../src/app/open-poller.ts'
import type { Sender } from '../../../src/callback/sender.ts'
import { createEventSigner } from '../../../src/callback/signing.ts'
import type { UpstreamConfig } from '../../../src/config/read-config.ts'
import { judgeUrl } from '../../../src/core/callback-url.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { createCoalescer } from '../../../src/core/coalescer.ts'
import { MINUTE } from '../../../src/core/duration.ts'
import { AppError } from '../../../src/core/error.ts'
import { createApi } from '../../../src/http/api.ts'
import type { Verb } from '../../../src/store/sqlite/thread/protocol.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Upstream } from '../../../src/upstream/upstream.ts'
import { startHeartbeat } from '../../../src/worker/timers.ts'
import type { Opening } from './database.ts'
import type { Time } from './time.ts'

/** The fate of a call of the database. */
export type Fate = 'done' | 'refused' | 'dies before' | 'dies after'

/** The surroundings of a process. */
export interface World {
  time: Time
  /** The clock of the system, which may be wrong. */
  now: () => number
  random: () => number
  config: UpstreamConfig
  masterKey: Buffer
  /** Of the file of its database, if it is one. */
  path: string
  open: (opening: Opening) => Promise<Store>
  fateOf: (verb: Verb) => Fate
  /** For bugs that are planted. */
  tamper: (store: Store) => Store
  upstream: Pick<Upstream, 'ask'>
  sender: Pick<Sender, 'send'>
  /** The process has died. */
  onDeath: () => void
  /** Resolves when the process does not stand still. */
  awake: () => Promise<void>
}

/** A new one each time: a promise keeps those that wait for it in memory. */
const never = () => new Promise<never>(() => {})
/** A settled row brings its own next due time. */
const SETTLING: ReadonlySet<string> = new Set(['settleVerifications', 'settleMessages'])
const UNAVAILABLE = { en: 'The database cannot be written.', zh: '数据库无法写入。' }

/**
 * The service as one process: its API, poller and deliverer over a real database, in simulated time. After its death
 * nothing of it goes on: its promises never resolve. Writes that it had passed to the database may still be committed.
 */
export const startProcess = async (world: World) => {
  const { time, now, random, config } = world
  let isDead = false
  const die = () => {
    if (isDead) return
    isDead = true
    world.onDeath()
  }
  /** Comes back to the living only. */
  const alive = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      const result = await promise
      await world.awake()
      return isDead ? await never() : result
    } catch (error) {
      await world.awake()
      if (isDead) await never()
      throw error
    }
  }
  const sleep: Clock['sleep'] = (ms, signal) => alive(time.sleep(ms, signal))
  const clock: Clock = { now, monotonic: time.now, threadCpu: () => 0, sleep }

  const { masterKey } = world
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)))
  const opened = await world.open({ now, masterKey, defaultRate: config.upstream.rate, sleep, random: bytes })
  const fallsDue = (at: number | null | undefined) => {
    if (at) time.fallsDue(at + time.now() - now())
  }
  const call = async (verb: Verb, run: () => Promise<unknown>): Promise<unknown> => {
    if (isDead) return never()
    const fate = world.fateOf(verb)
    if (fate === 'refused') throw new AppError('unavailable', UNAVAILABLE)
    if (fate === 'dies before') {
      die()
      return never()
    }
    const result = await alive(time.during(run))
    if (fate === 'dies after') {
      die()
      return never()
    }
    fallsDue(((result ?? {}) as { nextAt?: number | null }).nextAt)
    return result
  }
  const store = new Proxy(world.tamper(opened), {
    get: (target, name: Verb | 'now') => {
      const verb = target[name] as (...args: unknown[]) => Promise<unknown>
      if (typeof verb !== 'function' || name === 'now') return verb
      return (...args: unknown[]) => {
        if (SETTLING.has(name))
          for (const { step } of args[0] as { step: { dueAt: number | null } }[]) fallsDue(step.dueAt)
        return call(name, () => verb(...args))
      }
    },
  })

  const emit = () => {}
  const deps = { config, store, emit }
  const startCalendar = (wakeUp: () => void) => {
    const { stop } = startHeartbeat({ everyMs: MINUTE, wakeUp, clock })
    return { stop: async () => stop() }
  }
  const system = { clock, random, startCalendar }
  const newId = createIds(now, random)
  const client = {
    ask: (...args: Parameters<Upstream['ask']>) => alive(world.upstream.ask(...args)),
    clockAheadMs: () => null,
    close: () => {},
  }
  const sender = {
    send: (one: Parameters<Sender['send']>[0]) =>
      // After the death of its process, no webhook leaves the queue of the sender.
      alive(world.sender.send({ ...one, mayStillSend: () => !isDead && one.mayStillSend?.() !== false })),
    close: () => {},
  }
  const api = createApi({
    ...deps,
    register: createCoalescer(store.register),
    judgeUrl: text => {
      const verdict = judgeUrl(text, { allowHttp: false, allowed: { contains: () => false } })
      return verdict.ok ? { ok: true, value: verdict.url.href } : verdict
    },
    rateShare: () => 1,
    trustedProxies: { contains: () => false },
    enumerationGuard: { recordConflict: () => {}, slowedForMs: () => 0 },
    sleep: clock.sleep,
    stopping: new AbortController().signal,
    signEvents: createEventSigner(store),
    testCallback: () => never(),
    testContact: () => never(),
    metrics: { contentType: 'text/plain', text: async () => '' },
    tracer: null,
    newId,
    random: bytes,
    version: '0.0.0',
    ready: async () => [],
    now,
    monotonic: time.now,
  })
  await opened.putDefaultAccount({
    id: newId('acc'),
    apiId: config.upstream.account,
    apiKey: config.upstream.apiKey,
    passwordMode: config.upstream.passwordMode,
  })
  openPoller({ ...deps, ...system, client, onLookup: () => {}, tracer: null })
  openDeliverer({ ...deps, ...system, sender })
  openDueTimes({ ...deps, clock })

  return {
    store: opened,
    die,
    /** Never answers once it has died. */
    request: async (path: string, init: RequestInit): Promise<Response> => (isDead ? never() : api.request(path, init)),
    /** Closes the file, for the next process. */
    close: () => opened.close(),
  }
}
export type Process = Awaited<ReturnType<typeof startProcess>>
