import type { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Words } from '../../../core/language.ts'
import type { StoreHints } from '../../store.ts'
import { unavailable } from '../../unavailable.ts'
import { CLOSED } from '../failure.ts'
import type { SqliteOptions } from '../store.ts'
import { createCalls } from './calls.ts'
import { type PackedError, unpackError } from './errors.ts'
import type { Answers, Calls, Opened, Opening, PackedHint, Step, Verb } from './protocol.ts'

/** With a path of its own ending, as the code runs from its source and from what is published. */
const SOURCE = new URL(`./store-thread.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
export const ENDED: Words = { en: 'its thread has ended', zh: '其线程已结束' }

/** A thread that has opened the database, and does what it is asked. */
export interface OpenThread {
  verbs: readonly Verb[]
  call(verb: Verb, args: unknown[]): Promise<unknown>
  /** Waits for what is under way, and takes no more. */
  close(): Promise<void>
  /** Ends it at once: what is under way rejects. */
  end(): Promise<void>
}

/**
 * Starts the thread. What is asked in one turn of the loop goes there as one message. Rejects with what opening has thrown.
 * A thread that ends by itself is told as `broken`.
 */
export const openThread = async (
  name: Opening['name'],
  { now, masterKey, previousKey, onStep = () => {}, ...options }: SqliteOptions,
  hints: EventEmitter<StoreHints>,
): Promise<OpenThread> => {
  const keys = { masterKey: Uint8Array.from(masterKey), previousKey: previousKey && Uint8Array.from(previousKey) }
  const thread = new Worker(SOURCE, {
    name,
    workerData: { ...options, ...keys, name, now: now() } satisfies Opening,
    execArgv: [],
  })
  const calls = createCalls(unsent => thread.postMessage({ now: now(), calls: unsent } satisfies Calls))
  const opened = Promise.withResolvers<readonly Verb[]>()
  const ended = Promise.withResolvers<void>()
  let closing: Promise<void> | null = null
  let hasEnded = false
  let failure: Error | null = null

  const tell = ({ name: hint, args }: PackedHint) => {
    const given = hint === 'broken' ? args.map(error => unpackError(error as PackedError)) : args
    hints.emit(hint, ...(given as never))
  }
  const onOpening = (first: Step | Opened) => {
    if ('step' in first) return onStep(first.step)
    thread.off('message', onOpening)
    if (!first.ok) return opened.reject(unpackError(first.error))
    opened.resolve(first.verbs)
    thread.on('message', ({ hints: told, outcomes }: Answers) => {
      try {
        for (const hint of told) tell(hint)
      } finally {
        for (const outcome of outcomes) calls.settle(outcome)
      }
    })
  }
  thread.on('message', onOpening)
  const fail = (error: Error) => {
    failure ??= error
  }
  thread.on('error', fail)
  thread.on('messageerror', error => {
    fail(error)
    void thread.terminate()
  })
  // After all messages that it has sent before.
  thread.on('exit', () => {
    const error = failure ?? unavailable(ENDED)
    hasEnded = true
    opened.reject(error)
    calls.abandon(ENDED)
    ended.resolve()
    if (!closing) hints.emit('broken', error)
  })

  const close = async () => {
    await calls.refuse(CLOSED)
    if (!hasEnded) await calls.send('close', [])
    await ended.promise
  }
  const verbs = await opened.promise.catch(async (error: unknown) => {
    await ended.promise
    throw error
  })
  return {
    verbs,
    call: calls.call,
    close: () => {
      closing ??= close()
      return closing
    },
    end: async () => {
      closing ??= ended.promise
      await thread.terminate()
      await ended.promise
    },
  }
}
