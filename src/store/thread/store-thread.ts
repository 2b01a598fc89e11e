import { parentPort, workerData } from 'node:worker_threads'
import { openSqliteStore } from '../sqlite/store.ts'
import type { Store } from '../store.ts'
import { ARGUMENTS, type Codec, RESULTS } from './codecs.ts'
import { packError } from './errors.ts'
import type { Answers, Call, Calls, Opened, Opening, Outcome } from './messages.ts'

/** The thread that `openRemoteStore` starts: it opens the SQLite file and does what it is asked. */
const { masterKey, previousKey, now: openedAt, ...options } = workerData as Opening
const port = parentPort
if (!port) throw new Error('this runs as a thread')
let now = openedAt

const open = () =>
  openSqliteStore({
    ...options,
    masterKey: Buffer.from(masterKey),
    previousKey: previousKey && Buffer.from(previousKey),
    now: () => now,
  })

const serve = (store: Store) => {
  let events: Answers['events'][number][] = []
  let outcomes: Outcome[] = []
  let isFlushing = false

  const flush = () => {
    isFlushing = false
    port.postMessage({ events, outcomes } satisfies Answers)
    events = []
    outcomes = []
  }
  /** After all that is already resolved: what was committed together is answered together. */
  const flushSoon = () => {
    if (!isFlushing) process.nextTick(flush)
    isFlushing = true
  }

  const run = async ({ id, verb, args }: Call): Promise<Outcome> => {
    try {
      if (verb === 'close') return { id, ok: true, result: await store.close() }
      const given = ARGUMENTS[verb] as Codec<unknown[]> | undefined
      const codec = RESULTS[verb] as Codec<unknown> | undefined
      const method = store[verb] as (...args: unknown[]) => Promise<unknown>
      const result = await method(...(given ? given.unpack(args as never) : (args as unknown[])))
      return { id, ok: true, result: codec ? codec.pack(result) : result }
    } catch (error) {
      return { id, ok: false, error: packError(error) }
    }
  }
  const answer = async (call: Call) => {
    const outcome = await run(call)
    outcomes.push(outcome)
    flushSoon()
    if (call.verb === 'close') process.nextTick(() => port.close())
  }

  for (const name of ['verificationsDue', 'messagesDue', 'resendsDue', 'resolved', 'unreadable'] as const) {
    store.events.on(name, (...args: unknown[]) => {
      events.push({ name, args } as Answers['events'][number])
      flushSoon()
    })
  }
  store.events.on('broken', error => {
    events.push({ name: 'broken', error: packError(error) })
    flushSoon()
  })
  port.on('message', (message: Calls) => {
    now = message.now
    for (const call of message.calls) void answer(call)
  })
}

await open().then(
  store => {
    serve(store)
    port.postMessage({ ok: true } satisfies Opened)
  },
  error => port.postMessage({ ok: false, error: packError(error) } satisfies Opened),
)
