import type { EventEmitter } from 'node:events'
import type { Client } from 'pg'
import { z } from 'zod'
import { type Hint, type StoreHints, tellHints } from '../hints.ts'
import { pg } from './drizzle.ts'
import { sessionOf } from './pool.ts'

type Sleep = (ms: number, signal?: AbortSignal) => Promise<unknown>

/** Waits; rejects at once when the signal aborts, even where the timer goes on. */
const pause = async (sleep: Sleep, ms: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  const ended = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: ended.signal })
  })
  await Promise.race([sleep(ms, signal), aborted]).finally(() => ended.abort())
}

interface HintChannelOptions {
  url: string
  /** Where hints are told here. */
  hints: EventEmitter<StoreHints>
  sleep: Sleep
  /** Of this node alone. */
  id: string
}

const CHANNEL = 'idface_notifier'
/** Each NOTIFY holds a lock that all commits with one wait for, so hints go together, apart from the transactions that they tell of. */
const GAP_MS = 10
/** So many are below the 8,000 bytes that PostgreSQL takes. */
const HINTS_OF_A_PAYLOAD = 64
/** So many hints wait to be sent; more than these are lost. */
const MOST_WAITING = 10_000
/** When a node ends, its last hints have so long to be sent. */
const CLOSING_MS = 500
const CONNECT_AGAIN_MS = 5_000

/** What other nodes have to know, with the form of its argument. The others are of what a process itself has seen. */
const CROSSING = new Map<unknown, z.ZodType>([
  ['verificationsDue', z.undefined()],
  ['messagesDue', z.undefined()],
  ['bulkActsDue', z.undefined()],
  ['resolved', z.array(z.string())],
  ['withdrawn', z.object({ partnerId: z.string(), registrationId: z.string().nullable() })],
])
const HINT = z.custom<Hint>(word => Array.isArray(word) && CROSSING.get(word[0])?.safeParse(word[1]).success)
const PAYLOAD = z.object({ from: z.string(), hints: z.array(z.unknown()) })

/**
 * Hints between nodes, by NOTIFY on a connection of its own. Nobody may need them: behind a pooler in transaction mode, or while that
 * connection is away, none arrive.
 */
export const openHintChannel = ({ url, hints, sleep, id }: HintChannelOptions) => {
  const closing = new AbortController()
  const outbox = new Set<string>()
  let client: Client | null = null
  let sending: Promise<void> | null = null
  let isListening = false
  let isUp = false
  let unreadable = 0

  const notify = async (words: readonly string[]) => {
    const payload = `{"from":"${id}","hints":[${words.join(',')}]}`
    await client?.query('SELECT pg_notify($1, $2)', [CHANNEL, payload])
  }

  const send = async () => {
    while (outbox.size > 0 && isListening) {
      await sleep(GAP_MS)
      const words = [...outbox]
      outbox.clear()
      for (let i = 0; i < words.length; i += HINTS_OF_A_PAYLOAD) await notify(words.slice(i, i + HINTS_OF_A_PAYLOAD))
    }
  }
  const beginToSend = () => {
    sending ??= send()
      .catch(() => leave())
      .finally(() => {
        sending = null
      })
  }
  /** Waits for no answer. */
  const leave = () => void client?.connection.stream.destroy()

  /** Whoever may connect to the database can send anything, and nobody would catch what is thrown here. */
  const attempt = (run: () => void) => {
    try {
      run()
    } catch {
      unreadable++
    }
  }
  const hear = (payload = '') =>
    attempt(() => {
      const { from, hints: words } = PAYLOAD.parse(JSON.parse(payload))
      if (from === id) isUp = true
      else for (const word of words) attempt(() => tellHints(hints, [HINT.parse(word)]))
    })

  /** Listens until the connection ends. */
  const listen = async (): Promise<void> => {
    const listening = new pg.Client(sessionOf({ url, name: 'hints' }))
    client = listening
    listening.on('error', () => {})
    listening.on('notification', ({ payload }) => hear(payload))
    try {
      const ended = new Promise(resolve => listening.once('end', resolve))
      await listening.connect()
      await listening.query(`LISTEN ${CHANNEL}`)
      isListening = true
      await notify([])
      beginToSend()
      await ended
    } catch {
      leave()
    } finally {
      client = null
      isListening = false
      isUp = false
    }
  }

  const keepListening = async () => {
    while (!closing.signal.aborted) {
      await listen()
      await pause(sleep, CONNECT_AGAIN_MS, closing.signal).catch(() => {})
    }
  }
  const listened = keepListening()

  return {
    /** Tells hints here at once, and other nodes before long, if it can. Only after the commit of what they tell. */
    tell: (told: readonly Hint[]): void => {
      tellHints(hints, told)
      for (const word of wordsOf(told)) if (outbox.size < MOST_WAITING) outbox.add(word)
      if (outbox.size > 0 && isListening) beginToSend()
    },
    /** Whether it has heard itself, and so hears the other nodes. */
    isUp: () => isUp,
    /** How many payloads and hints it could not read. */
    unreadable: () => unreadable,
    close: async (): Promise<void> => {
      // A command tells something, and ends at once.
      for (let left = CLOSING_MS; left > 0 && (outbox.size > 0 || sending); left -= GAP_MS) await sleep(GAP_MS)
      closing.abort()
      leave()
      await listened
      await sending
    },
  }
}

/** Each as JSON, the registrations one by one, so that the same ones are known by their text. */
const wordsOf = (told: readonly Hint[]): string[] =>
  told
    .filter(([name]) => CROSSING.has(name))
    .flatMap((hint): unknown[] => (hint[0] === 'resolved' ? hint[1].map(id => ['resolved', [id]]) : [hint]))
    .map(word => JSON.stringify(word))
