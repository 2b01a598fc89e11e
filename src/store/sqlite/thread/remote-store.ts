import { MINUTE } from '../../../core/duration.ts'
import { AppError } from '../../../core/error.ts'
import { createHints } from '../../context.ts'
import type { Stats } from '../../stats/stats.ts'
import type { Store } from '../../store.ts'
import { unavailable } from '../../unavailable.ts'
import { CLOSED } from '../failure.ts'
import type { SqliteOptions } from '../store.ts'
import { ENDED, type OpenThread, openThread } from './open-thread.ts'
import type { Verb } from './protocol.ts'

type Run = (...args: unknown[]) => Promise<unknown>

/** Time without a read after which the next `stats` ends the reader's thread. A service calls `stats` every 15 s. */
const READER_IDLE_MS = MINUTE

/** With up to this many waiting rows `stats` takes some ms of the writer's thread; with more, it may read from disk. */
const MAX_QUICK_STATS_ROWS = 500
const countOf = ({ accounts, polls, deliveries, failingHosts }: Stats): number =>
  accounts.length + polls.due + polls.scheduled + deliveries.due + deliveries.scheduled + failingHosts.hosts

/**
 * Opens the SQLite file on a separate thread, so that no statement holds up the event loop, and two cores share the
 * work. Writes of one turn of the event loop are committed together. `lookups` run on this thread; `lists` and
 * `searches` on the reader's, which starts with the first of them and ends when unused. After a disk failure nothing
 * more is read.
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
  const lookups = (here?.lookups ?? {}) as Readonly<Partial<Record<Verb, Run>>>
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
  const lookUp = (verb: Verb, args: unknown[]): Promise<unknown> => {
    if (refusal) throw refusal
    return (lookups[verb] as Run)(...args)
  }
  const readLong = async (verb: Verb, args: unknown[]): Promise<unknown> => {
    if (refusal) throw refusal
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
  /** Verbs that `run` runs while the store is open. */
  const verbsBy = (names: readonly string[], run: (verb: Verb, args: unknown[]) => Promise<unknown>) => {
    const verbs = (names as readonly Verb[]).map(verb => [
      verb,
      async (...args: unknown[]) => {
        if (closing !== null) throw unavailable(CLOSED)
        return run(verb, args)
      },
    ])
    return Object.fromEntries(verbs) as Pick<Store, Verb>
  }
  return {
    now: options.now,
    hints,
    ...verbsBy(store.verbs, store.call),
    ...verbsBy(Object.keys(lookups), lookUp),
    ...verbsBy(Object.keys(here?.reads ?? {}), readLong),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
