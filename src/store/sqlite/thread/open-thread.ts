import type { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Words } from '../../../core/language.ts'
import type { StoreHints } from '../../hints.ts'
import { unavailable } from '../../unavailable.ts'
import { CLOSED } from '../failure.ts'
import type { OpeningStep } from '../opening.ts'
import type { SqliteOptions } from '../store.ts'
import { createCalls } from './calls.ts'
import { pack } from './crossing.ts'
import { type PackedError, unpackError } from './errors.ts'
import type { Answers, Calls, PackedHint, ThreadName, Verb } from './protocol.ts'

/** The extension of the running code: `.ts` from source, `.js` when published. */
const SOURCE = new URL(`./store-thread.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
export const ENDED: Words = { en: 'its thread has ended', zh: '其线程已结束' }

/** A thread that has opened the database and runs its verbs. */
export type OpenThread = Awaited<ReturnType<typeof openThread>>

/**
 * Starts the thread. Calls of one turn of the event loop are sent as one message. Rejects with the error of opening.
 * Emits `broken` if the thread ends unexpectedly.
 */
export const openThread = async (
  name: ThreadName,
  { now, onStep = () => {}, ...options }: SqliteOptions,
  hints: EventEmitter<StoreHints>,
) => {
  const thread = new Worker(SOURCE, { name, execArgv: [] })
  const calls = createCalls(unsent => thread.postMessage({ now: now(), calls: unsent } satisfies Calls))
  const ended = Promise.withResolvers<void>()
  let closing: Promise<void> | null = null
  let hasEnded = false
  let failure: Error | null = null

  const emit = ({ name: hint, args }: PackedHint) => {
    if (hint === 'step') return onStep(args[0] as OpeningStep)
    const unpacked = hint === 'broken' ? args.map(error => unpackError(error as PackedError)) : args
    hints.emit(hint, ...(unpacked as never))
  }
  thread.on('message', ({ hints: packed, outcomes }: Answers) => {
    try {
      for (const hint of packed) emit(hint)
    } finally {
      for (const outcome of outcomes) calls.settle(outcome)
    }
  })
  const fail = (error: Error) => {
    failure ??= error
  }
  thread.on('error', fail)
  thread.on('messageerror', error => {
    fail(error)
    void thread.terminate()
  })
  // Comes after all messages of the thread.
  thread.on('exit', () => {
    const error = failure ?? unavailable(ENDED)
    hasEnded = true
    calls.abandon(ENDED)
    ended.resolve()
    if (!closing) hints.emit('broken', error)
  })

  const close = async () => {
    await calls.refuse(CLOSED)
    if (!hasEnded) await calls.send('close', [])
    await ended.promise
  }
  /** Terminates it; pending calls reject. */
  const end = async () => {
    closing ??= ended.promise
    await thread.terminate()
    await ended.promise
  }
  const verbs = calls.send('open', pack([name, options])) as Promise<readonly Verb[]>
  await verbs.catch(async (error: unknown) => {
    await end()
    throw failure ?? error
  })
  return {
    verbs: await verbs,
    call: calls.call,
    /** Waits for pending calls, and rejects further ones. */
    close: () => {
      closing ??= close()
      return closing
    },
    end,
  }
}
