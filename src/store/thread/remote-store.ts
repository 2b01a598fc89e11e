import { EventEmitter, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { AppError } from '../../core/error.ts'
import type { SqliteOptions } from '../sqlite/store.ts'
import type { Store, StoreEvents } from '../store.ts'
import { ARGUMENTS, type Codec, RESULTS, type Verb } from './codecs.ts'
import { packError, unpackError } from './errors.ts'
import type { Answers, Call, Calls, Opened, Opening, Outcome } from './messages.ts'

/** With a path of its own ending, as the code runs from its source and from what is published. */
const THREAD = new URL(`./store-thread.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

const VERBS = Object.keys({
  register: 0,
  findRegistration: 0,
  listRegistrations: 0,
  cancel: 0,
  nudge: 0,
  resend: 0,
  startResend: 0,
  findResend: 0,
  continueResends: 0,
  listEvents: 0,
  listAttempts: 0,
  explain: 0,
  claimVerifications: 0,
  settleVerifications: 0,
  changeCompletions: 0,
  completionsOf: 0,
  claimMessages: 0,
  settleMessages: 0,
  createPartner: 0,
  findPartner: 0,
  listPartners: 0,
  changePartner: 0,
  createKey: 0,
  listKeys: 0,
  revokeKey: 0,
  findKey: 0,
  touchKeys: 0,
  liveSecrets: 0,
  usageOf: 0,
  listSigningSecrets: 0,
  rotateSigningSecret: 0,
  putDefaultAccount: 0,
  createAccount: 0,
  findAccount: 0,
  accountFor: 0,
  listAccounts: 0,
  pauseAccount: 0,
  resumeAccount: 0,
  prune: 0,
  reseal: 0,
  probe: 0,
} satisfies Record<Verb, 0>) as Verb[]

interface Waiting {
  verb: Call['verb']
  resolve: (result: never) => void
  reject: (error: Error) => void
}

const ENDED: Opened = { ok: false, error: packError(new Error('the database thread ended before it had begun')) }

const gone = () => new AppError('unavailable', 'the database cannot be used now (its thread has ended)')

/**
 * Opens the SQLite file on a thread of its own, so that no statement, however long, holds up the event loop, and two
 * cores share the work. What is asked in one turn of the loop goes there as one message, and is written together.
 * Throws what `openSqliteStore` throws.
 */
export const openRemoteStore = async ({ now, ...options }: SqliteOptions): Promise<Store> => {
  const events = new EventEmitter<StoreEvents>()
  events.setMaxListeners(0)
  const thread = new Worker(THREAD, {
    workerData: { ...options, previousKey: options.previousKey, now: now() } satisfies Opening,
    execArgv: [],
  })
  const exited = once(thread, 'exit')
  const waiting = new Map<number, Waiting>()
  let isClosing = false
  let calls: Call[] = []
  let lastId = 0

  const flush = () => {
    thread.postMessage({ now: now(), calls } satisfies Calls)
    calls = []
  }

  const call = (verb: Call['verb'], args: unknown): Promise<never> =>
    new Promise((resolve, reject) => {
      if (!isAlive) return reject(gone())
      if (calls.length === 0) process.nextTick(flush)
      const id = ++lastId
      waiting.set(id, { verb, resolve, reject })
      calls.push({ id, verb, args })
    })

  const verbOf = (verb: Verb) => {
    const codec = ARGUMENTS[verb] as Codec<unknown> | undefined
    return (...args: unknown[]) => call(verb, codec ? codec.pack(args) : args)
  }

  const settle = (outcome: Outcome) => {
    const caller = waiting.get(outcome.id)
    if (!caller) return
    waiting.delete(outcome.id)
    if (!outcome.ok) return caller.reject(unpackError(outcome.error))
    const codec = caller.verb === 'close' ? undefined : (RESULTS[caller.verb] as Codec<unknown> | undefined)
    caller.resolve((codec ? codec.unpack(outcome.result as never) : outcome.result) as never)
  }

  let isAlive = true
  const end = (error: Error) => {
    isAlive = false
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    if (!isClosing) events.emit('broken', error)
  }

  thread.on('error', error => end(unpackError({ ...packError(error), app: gone() })))
  thread.on('exit', () => isAlive && end(gone()))
  const [opened] = (await Promise.race([once(thread, 'message'), exited.then(() => [ENDED])])) as [Opened]
  if (!opened.ok) {
    isClosing = true
    await exited
    throw unpackError(opened.error)
  }
  thread.on('message', ({ events: told, outcomes }: Answers) => {
    for (const event of told) {
      if (event.name === 'broken') events.emit('broken', unpackError(event.error))
      else events.emit(event.name, ...(event.args as never))
    }
    for (const outcome of outcomes) settle(outcome)
  })

  return {
    now,
    events,
    ...(Object.fromEntries(VERBS.map(verb => [verb, verbOf(verb)])) as unknown as Pick<Store, Verb>),
    close: async () => {
      isClosing = true
      if (isAlive) await call('close', [])
      await exited
    },
  }
}
