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

/** The reader's thread ends with the first `stats` after so long without a read. A service asks for them every 15 s. */
const UNREAD_MS = MINUTE

/** While no more than this waits, `stats` takes the writer's thread some ms at most; of more, its reads may come from the disk. */
const FEW = 500
const countOf = ({ accounts, polls, deliveries, failingHosts }: Stats): number =>
  accounts.length + polls.due + polls.scheduled + deliveries.due + deliveries.scheduled + failingHosts.hosts

/**
 * Opens the SQLite file on a thread of its own, so that no statement, however long, holds up the event loop, and two
 * cores share the work. What is asked in one turn of the loop is written together. Reads are done elsewhere (`THREAD_OF`); their
 * thread starts with the first of them, and ends when nobody reads. After a failure of the disk nothing more is read.
 *
 * Throws what `openSqliteStore` throws. A thread that ends by itself is told as `broken`.
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
  /** By the last `stats`. */
  let waiting = 0

  const read = async (verb: Verb, args: unknown[]): Promise<unknown> => {
    readAt = options.now()
    reader ??= openThread('read', options, hints).catch((error: unknown) => {
      reader = null
      throw error
    })
    return (await reader).call(verb, args)
  }
  /** What is under way ends first; whatever is read from then on has another thread. */
  const endUnread = () => {
    if (reader === null || options.now() - readAt < UNREAD_MS) return
    ending = reader.then(thread => thread.close()).catch(() => {})
    reader = null
  }
  const call = async (verb: Verb, args: unknown[]): Promise<unknown> => {
    if (closing !== null) throw unavailable(CLOSED)
    const thread = THREAD_OF[verb]
    if (here === null || thread === undefined) return store.call(verb, args)
    if (refusal) throw refusal
    if (thread === 'here')
      return (here[verb as keyof typeof here] as (...given: unknown[]) => Promise<unknown>)(...args)
    if (verb === 'stats') endUnread()
    const isQuick = verb === 'stats' && waiting <= FEW
    const found = await (isQuick ? store.call(verb, args) : read(verb, args))
    if (refusal) throw refusal
    if (verb === 'stats') waiting = countOf(found as Stats)
    return found
  }
  const close = async () => {
    refusal ??= unavailable(CLOSED)
    const opened = await reader?.catch(() => null)
    // It only reads, and a long list would hold up the stop.
    await Promise.all([opened?.end(), ending])
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
