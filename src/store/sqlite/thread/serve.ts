import type { MessagePort } from 'node:worker_threads'
import type { Store } from '../../store.ts'
import { pack, unpack } from './crossing.ts'
import { packError } from './errors.ts'
import { postAll } from './post-all.ts'
import {
  type Answers,
  type Call,
  type Calls,
  HINTS,
  type Opened,
  type Outcome,
  type PackedHint,
  type Verb,
} from './protocol.ts'

/** A store, or a part of one. */
export type Served = Pick<Store, 'now' | 'hints' | 'close'> & Partial<Pick<Store, Verb>>

/**
 * Says that the store is open, and does what the port asks of it.
 *
 * @param setNow is told the asking side's time with each message
 */
export const serve = (
  { now: _now, hints: given, close, ...verbs }: Served,
  { port, setNow }: { port: MessagePort; setNow: (now: number) => void },
): void => {
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
    if (verb === 'close') return close()
    const method = verbs[verb] as (...args: unknown[]) => Promise<unknown>
    return pack(await method(...(unpack(args) as unknown[])))
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

  for (const name of HINTS)
    given.on(name, (...args: unknown[]) => {
      hints.push({ name, args: args.map(one => (one instanceof Error ? packError(one) : one)) })
      flushSoon()
    })
  port.on('message', (message: Calls) => {
    setNow(message.now)
    for (const call of message.calls) void answer(call)
  })
  // Calls that nobody would answer: the thread ends, and all that wait are told.
  port.on('messageerror', error => {
    throw error
  })
  port.postMessage({ ok: true, verbs: Object.keys(verbs) as Verb[] } satisfies Opened)
}
