import { AppError } from '../../../core/error.ts'
import { createHints } from '../../context.ts'
import type { Store } from '../../store.ts'
import { unavailable } from '../../unavailable.ts'
import { CLOSED } from '../failure.ts'
import { openReadOnlyStore } from '../read-only.ts'
import type { SqliteOptions } from '../store.ts'
import { THREAD_OF } from '../verb-threads.ts'
import { ENDED, type OpenThread, openThread } from './open-thread.ts'
import type { Verb } from './protocol.ts'

/**
 * Opens the SQLite file on a thread of its own, so that no statement, however long, holds up the event loop, and two
 * cores share the work. What is asked in one turn of the loop is written together. Reads are done elsewhere (`THREAD_OF`); their
 * thread starts with the first of them. After a failure of the disk nothing more is read.
 *
 * Throws what `openSqliteStore` throws. A thread that ends by itself is told as `broken`.
 */
export const openRemoteStore = async (options: SqliteOptions): Promise<Store> => {
  const hints = createHints()
  let refusal: AppError | null = null
  hints.on('broken', error => {
    refusal ??= error instanceof AppError ? error : unavailable(ENDED)
  })
  const store = await openThread('store', options, hints)
  const here = options.path === ':memory:' ? null : openReadOnlyStore(options, hints)
  let reader: Promise<OpenThread> | null = null
  let closing: Promise<void> | null = null

  const openReader = (): Promise<OpenThread> => {
    reader ??= openThread('read', options, hints).catch((error: unknown) => {
      reader = null
      throw error
    })
    return reader
  }
  const call = async (verb: Verb, args: unknown[]): Promise<unknown> => {
    if (closing !== null) throw unavailable(CLOSED)
    const thread = THREAD_OF[verb]
    if (here === null || thread === 'writer') return store.call(verb, args)
    if (refusal) throw refusal
    if (thread === 'here')
      return (here[verb as keyof typeof here] as (...given: unknown[]) => Promise<unknown>)(...args)
    const found = await (await openReader()).call(verb, args)
    if (refusal) throw refusal
    return found
  }
  const close = async () => {
    refusal ??= unavailable(CLOSED)
    const opened = await reader?.catch(() => null)
    // It only reads, and a long list would hold up the stop.
    await opened?.end()
    await here?.close()
    // The store closes the file last, and so tidies up its log.
    await store.close()
  }
  const verbs = store.verbs.map(verb => [verb, (...args: unknown[]) => call(verb, args)])
  return {
    now: options.now,
    hints,
    ...(Object.fromEntries(verbs) as Pick<Store, Verb>),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
