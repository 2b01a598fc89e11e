import { EventEmitter } from 'node:events'
import { createKeyedQueue } from '../../../core/keyed-limiter.ts'
import type { Store, StoreHints } from '../../store.ts'
import { unavailable } from '../../unavailable.ts'
import { CLOSED } from '../failure.ts'
import { READ_VERBS } from '../read-verbs.ts'
import type { SqliteOptions } from '../store.ts'
import { type OpenThread, openThread } from './open-thread.ts'
import type { Verb } from './protocol.ts'

const READS: ReadonlySet<Verb> = new Set(READ_VERBS)

/**
 * So many reads of one partner are with the thread at a time; the second is at hand there when the first ends. The thread takes
 * what it has in turn, a statement of each, so whoever has thousands of lists waiting delays another's read by two statements.
 */
const READS_AT_ONCE = 2

/**
 * Opens the SQLite file on a thread of its own, so that no statement, however long, holds up the event loop, and two
 * cores share the work. What is asked in one turn of the loop is written together. Reads whose work grows with what
 * there is go to another thread: they hold up nobody's write. It starts with the first key that is looked up, because it
 * takes a third of a second to start, and whoever has a key may want a list next.
 *
 * Throws what `openSqliteStore` throws. A thread that ends by itself is told as `broken`.
 */
export const openRemoteStore = async (options: SqliteOptions): Promise<Store> => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  const store = await openThread('store', options, hints)
  const reader = createReader(options, hints)
  const readsElsewhere = options.path !== ':memory:'
  let closing: Promise<void> | null = null

  const close = async () => {
    // The store closes the file last, and so tidies up its log.
    await reader.close()
    await store.close()
  }
  return {
    now: options.now,
    hints,
    ...(Object.fromEntries(
      store.verbs.map(verb => {
        const { call } = readsElsewhere && READS.has(verb) ? reader : store
        return [
          verb,
          (...args: unknown[]) => {
            if (closing !== null) return Promise.reject(unavailable(CLOSED))
            if (readsElsewhere && verb === 'findKey') reader.start()
            return call(verb, args)
          },
        ]
      }),
    ) as unknown as Pick<Store, Verb>),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** The thread for long reads, which starts at the latest with the first of them. After a failure of the disk it reads nothing more. */
const createReader = (
  options: SqliteOptions,
  hints: EventEmitter<StoreHints>,
): Pick<OpenThread, 'call' | 'close'> & { start(): void } => {
  let hasBegun = false
  let thread: Promise<OpenThread> | null = null
  let refusal: Error | null = null
  const queued = createKeyedQueue(READS_AT_ONCE)
  hints.on('broken', error => {
    refusal ??= error
  })

  const open = (): Promise<OpenThread> => {
    thread ??= openThread('read', options, hints).catch((error: unknown) => {
      thread = null
      throw error
    })
    return thread
  }
  return {
    start: () => {
      if (hasBegun) return
      hasBegun = true
      // Where it fails, the first read tries again and tells.
      open().catch(() => {})
    },
    call: (verb, args) => {
      return queued(queueOf(verb, args), async () => {
        if (refusal) throw refusal
        const opened = await open()
        return opened.call(verb, args)
      })
    },
    close: async () => {
      refusal ??= unavailable(CLOSED)
      const opened = await thread?.catch(() => null)
      // It only reads, and a long list would hold up the stop.
      await opened?.end()
    },
  }
}

/** What is not about one partner is queued like one. The figures for the metrics wait for no operator's search. */
const queueOf = (verb: Verb, [partnerId]: readonly unknown[]): string => {
  if (verb === 'stats') return verb
  return typeof partnerId === 'string' ? partnerId : ''
}
