import { parentPort, workerData } from 'node:worker_threads'
import { tidyMemorySoon } from '../../../tidy-memory.ts'
import type { Store, StoreHints } from '../../store.ts'
import { openSqliteStore } from '../store.ts'
import { ARGUMENTS, type Codec, HINTS, RESULTS, type Verb } from './codecs.ts'
import { packError } from './errors.ts'
import { postAll } from './post-all.ts'
import type { Answers, Call, Calls, Migrating, Opened, Opening, Outcome, PackedHint } from './protocol.ts'

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
    onMigration: migration => port.postMessage({ migration } satisfies Migrating),
  })

const serve = (store: Store) => {
  let hints: PackedHint[] = []
  let outcomes: Outcome[] = []
  let isFlushing = false

  const post = (some: readonly Outcome[]) => {
    port.postMessage({ hints, outcomes: some } satisfies Answers)
    hints = []
  }
  const flush = () => {
    const all = outcomes
    isFlushing = false
    outcomes = []
    postAll(all, { post, refuse: ({ id }, error) => post([{ id, ok: false, error: packError(error) }]) })
  }
  /** After the promises that are already resolved, so that what was committed together is answered together. */
  const flushSoon = () => {
    if (!isFlushing) process.nextTick(flush)
    isFlushing = true
  }

  const run = async ({ verb, args }: Call): Promise<unknown> => {
    if (verb === 'close') return store.close()
    const given = ARGUMENTS[verb] as Codec<unknown[]> | undefined
    const codec = RESULTS[verb] as Codec<unknown> | undefined
    const method = store[verb] as (...args: unknown[]) => Promise<unknown>
    const result = await method(...(given ? given.unpack(args as never) : (args as unknown[])))
    return codec ? codec.pack(result) : result
  }
  const answer = async (call: Call) => {
    const { id } = call
    const outcome = await run(call).then(
      (result): Outcome => ({ id, ok: true, result }),
      (error): Outcome => ({ id, ok: false, error: packError(error) }),
    )
    outcomes.push(outcome)
    flushSoon()
    if (call.verb === 'close') process.nextTick(() => port.close())
  }

  for (const name of Object.keys(HINTS) as (keyof StoreHints)[]) {
    const codec = HINTS[name] as Codec<unknown> | null
    store.hints.on(name, (...args: unknown[]) => {
      hints.push({ name, args: codec ? codec.pack(args) : args })
      flushSoon()
    })
  }
  port.on('message', (message: Calls) => {
    now = message.now
    for (const call of message.calls) void answer(call)
  })
  // Calls that nobody would answer: the thread ends, and all that wait are told.
  port.on('messageerror', error => {
    throw error
  })
}

const tell = (opened: Opened) => port.postMessage(opened)

await open().then(
  store => {
    serve(store)
    const { now: _now, hints: _hints, close: _close, ...verbs } = store
    tell({ ok: true, verbs: Object.keys(verbs) as Verb[] })
    tidyMemorySoon()
  },
  error => tell({ ok: false, error: packError(error) }),
)
