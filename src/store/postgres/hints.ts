import type { EventEmitter } from 'node:events'
import type { Client } from 'pg'
import { z } from 'zod'
import { emitEach, type Hint, type StoreHints } from '../hints.ts'
import { pg } from './drizzle.ts'
import { sessionOf } from './pool.ts'

type Sleep = (ms: number, signal?: AbortSignal) => Promise<unknown>

/** Sleeps; rejects as soon as the signal aborts, even if `sleep` ignores it. */
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
  /** Emits the hints of this process. */
  hints: EventEmitter<StoreHints>
  sleep: Sleep
  /** Unique to this process. */
  id: string
}

const CHANNEL = 'idface_notifier'
/**
 * Each NOTIFY holds a lock that all other commits with NOTIFY wait for, so hints are batched after their transactions.
 */
const GAP_MS = 10
/** Maximum number of hints per payload: this stays below PostgreSQL's limit of 8,000 bytes. */
const HINTS_OF_A_PAYLOAD = 64
/** Maximum number of unsent hints; further ones are dropped. */
const MAX_WAITING = 10_000
/** Time limit for sending the last hints on close. */
const CLOSING_MS = 500
const CONNECT_AGAIN_MS = 5_000

/** Hints for other nodes, with the schema of their argument. Each process emits the other hints itself. */
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
 * Sends hints between nodes by NOTIFY, over a separate connection. No node may rely on them: behind a pooler in
 * transaction mode, or while that connection is down, none arrive.
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
      .catch(() => disconnect())
      .finally(() => {
        sending = null
      })
  }
  /** Does not wait for the server. */
  const disconnect = () => void client?.connection.stream.destroy()

  /** Any user of the database can send any payload, and nothing catches an exception of this handler. */
  const attempt = (run: () => void) => {
    try {
      run()
    } catch {
      unreadable++
    }
  }
  const onPayload = (payload = '') =>
    attempt(() => {
      const { from, hints: words } = PAYLOAD.parse(JSON.parse(payload))
      if (from === id) isUp = true
      else for (const word of words) attempt(() => emitEach(hints, [HINT.parse(word)]))
    })

  /** Listens until the connection ends. */
  const listen = async (): Promise<void> => {
    const listening = new pg.Client(sessionOf({ url, name: 'hints' }))
    client = listening
    listening.on('error', () => {})
    listening.on('notification', ({ payload }) => onPayload(payload))
    try {
      const ended = new Promise(resolve => listening.once('end', resolve))
      await listening.connect()
      await listening.query(`LISTEN ${CHANNEL}`)
      isListening = true
      await notify([])
      beginToSend()
      await ended
    } catch {
      disconnect()
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
    /** Emits hints in this process at once and queues them for other nodes. Call it only after the commit. */
    publish: (batch: readonly Hint[]): void => {
      emitEach(hints, batch)
      for (const word of wordsOf(batch)) if (outbox.size < MAX_WAITING) outbox.add(word)
      if (outbox.size > 0 && isListening) beginToSend()
    },
    /** Whether it has received its own notification, so that it also receives those of other nodes. */
    isUp: () => isUp,
    /** Number of payloads and hints that could not be parsed. */
    unreadable: () => unreadable,
    close: async (): Promise<void> => {
      // A command may end right after its hints.
      for (let left = CLOSING_MS; left > 0 && (outbox.size > 0 || sending); left -= GAP_MS) await sleep(GAP_MS)
      closing.abort()
      disconnect()
      await listened
      await sending
    },
  }
}

/** Returns the hints as JSON, one registration each, so that the outbox drops duplicates. */
const wordsOf = (batch: readonly Hint[]): string[] =>
  batch
    .filter(([name]) => CROSSING.has(name))
    .flatMap((hint): unknown[] => (hint[0] === 'resolved' ? hint[1].map(id => ['resolved', [id]]) : [hint]))
    .map(word => JSON.stringify(word))
