import { MINUTE } from '../../../core/duration.ts'
import { AppError } from '../../../core/error.ts'
import { createHints } from '../../context.ts'
import type { Stats } from '../../stats/stats.ts'
import type { Store } from '../../store.ts'
import { unavailable } from '../../unavailable.ts'
import { CLOSED } from '../failure.ts'
import type { SqliteOptions } from '../store.ts'
import { THREAD_OF } from '../verb-threads.ts'
import { ENDED, type OpenThread, openThread } from './open-thread.ts'
import type { Verb } from './protocol.ts'

/** Time without a read after which the next `stats` ends the reader's thread. A service calls `stats` every 15 s. */
const READER_IDLE_MS = MINUTE

/** With up to this many waiting rows `stats` takes some ms of the writer's thread; with more, it may read from disk. */
const MAX_QUICK_STATS_ROWS = 500
const countOf = ({ accounts, polls, deliveries, failingHosts }: Stats): number =>
  accounts.length + polls.due + polls.scheduled + deliveries.due + deliveries.scheduled + failingHosts.hosts

/**
 * Opens the SQLite file on a separate thread, so that no statement holds up the event loop, and two cores share the
 * work. Writes of one turn of the event loop are committed together. Reads run elsewhere (`THREAD_OF`): the reader's
 * thread starts with the first long read and ends when unused. After a disk failure nothing more is read.
 *
 * Throws as `openSqliteStore` does. Emits `broken` if a thread ends unexpectedly.
 */
export const openRemoteStore = async (options: SqliteOptions): Promise<Store> => {
  const hints = createHints()
  let refusal: AppError | null = null
  hints.on('broken', error => {
    refusal ??= error instanceof AppError ? error : unavailable(ENDED)
  })
  // The verbs are loaded here while the thread loads its own.
  const opening = openThread('store', options, hints)
  const [store, { openReadOnlyStore }] = await Promise.all([opening, import('../read-only.ts')])
  const here = options.path === ':memory:' ? null : openReadOnlyStore(options, hints)
  let reader: Promise<OpenThread> | null = null
  /** When the last read began. */
  let readAt = 0
  let ending: Promise<void> | undefined
  let closing: Promise<void> | null = null
  /** Waiting rows at the last `stats`. */
  let waiting = 0

  const read = async (verb: Verb, args: unknown[]): Promise<unknown> => {
    readAt = options.now()
    reader ??= openThread('read', options, hints).catch((error: unknown) => {
      reader = null
      throw error
    })
    return (await reader).call(verb, args)
  }
  /** Ends an unused reader's thread once its pending reads have ended; later reads start another one. */
  const endUnread = () => {
    if (reader === null || options.now() - readAt < READER_IDLE_MS) return
    ending = reader.then(thread => thread.close()).catch(() => {})
    reader = null
  }
  const call = async (verb: Verb, args: unknown[]): Promise<unknown> => {
    if (closing !== null) throw unavailable(CLOSED)
    const thread = THREAD_OF[verb]
    if (here === null || thread === undefined) return store.call(verb, args)
    if (refusal) throw refusal
    if (thread === 'here') return (here[verb as keyof typeof here] as (...args: unknown[]) => Promise<unknown>)(...args)
    if (verb === 'stats') endUnread()
    const isQuick = verb === 'stats' && waiting <= MAX_QUICK_STATS_ROWS
    const found = await (isQuick ? store.call(verb, args) : read(verb, args))
    if (refusal) throw refusal
    if (verb === 'stats') waiting = countOf(found as Stats)
    return found
  }
  const close = async () => {
    refusal ??= unavailable(CLOSED)
    const opened = await reader?.catch(() => null)
    // Terminated at once: it only reads, and a long list would delay the stop.
    await Promise.all([opened?.end(), ending])
    await here?.close()
    // The store closes the file last, which removes the log.
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
