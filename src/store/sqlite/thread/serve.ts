import type { MessagePort } from 'node:worker_threads'
import type { Store } from '../../store.ts'
import type { OpeningStep } from '../opening.ts'
import { openReadOnlyStore } from '../read-only.ts'
import { openSqliteStore, type SqliteOptions } from '../store.ts'
import { pack, unpack } from './crossing.ts'
import { packError } from './errors.ts'
import { postAll } from './post-all.ts'
import {
  type Answers,
  type Calls,
  HINTS,
  type Outcome,
  type PackedHint,
  type ThreadName,
  type Verb,
  type VerbCall,
} from './protocol.ts'

const openReads = (settings: SqliteOptions) => {
  const { hints, reads, close } = openReadOnlyStore(settings)
  return { now: settings.now, hints, ...reads, close }
}

/**
 * Runs the calls from the port: first `open`, then the store's verbs.
 *
 * @param onOpen called when the store is open
 */
export const serve = (port: MessagePort, onOpen = () => {}): void => {
  let now = 0
  let store: Partial<Store> = {}
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
  /** Runs after the promises that are already resolved, so that calls committed together are answered together. */
  const flushSoon = () => {
    if (!isFlushing) process.nextTick(flush)
    isFlushing = true
  }

  const open = async (name: ThreadName, options: Omit<SqliteOptions, 'now' | 'onStep'>): Promise<Verb[]> => {
    const settings = { ...options, now: () => now }
    // Sent at once: the next step may block this thread for long.
    const onStep = (step: OpeningStep) => {
      port.postMessage({ hints: [{ name: 'step', args: [step] }], outcomes: [] } satisfies Answers)
    }
    const opened = name === 'read' ? openReads(settings) : await openSqliteStore({ ...settings, onStep })
    const { now: _, hints: emitter, close, ...verbs } = opened
    for (const hint of HINTS)
      emitter.on(hint, (...args: unknown[]) => {
        hints.push({ name: hint, args: args.map(one => (one instanceof Error ? packError(one) : one)) })
        flushSoon()
      })
    store = { ...verbs, close }
    onOpen()
    return Object.keys(verbs) as Verb[]
  }
  const run = async ({ verb, args }: VerbCall): Promise<unknown> => {
    const method = (verb === 'open' ? open : store[verb]) as (...args: unknown[]) => Promise<unknown>
    return pack(await method(...(unpack(args) as unknown[])))
  }
  const answer = async (call: VerbCall) => {
    const { id } = call
    const outcome = await run(call).then(
      (result): Outcome => ({ id, ok: true, result }),
      (error): Outcome => ({ id, ok: false, error: packError(error) }),
    )
    outcomes.push(outcome)
    flushSoon()
    if (call.verb === 'close') process.nextTick(() => port.close())
  }

  port.on('message', (message: Calls) => {
    now = message.now
    for (const call of message.calls) void answer(call)
  })
  // Unreadable calls would stay pending: the thread ends, and all pending calls reject.
  port.on('messageerror', error => {
    throw error
  })
}
