import type { EventEmitter } from 'node:events'
import type { Client } from 'pg'
import { type Hint, tellHints } from '../hints.ts'
import type { Cancelled } from '../registration.ts'
import type { StoreHints } from '../store.ts'
import { pg } from './drizzle.ts'
import { pause, type Sleep } from './pause.ts'
import { sessionOf } from './pool.ts'

export interface HintChannel {
  /** Tells hints here at once, and other nodes before long, if it can. Only after the commit of what they tell. */
  tell: (hints: readonly Hint[]) => void
  /** Whether it hears what it tells itself, and so the other nodes. */
  isUp: () => boolean
  close(): Promise<void>
}

export interface HintChannelOptions {
  url: string
  /** Where hints are told here. */
  hints: EventEmitter<StoreHints>
  sleep: Sleep
  /** Of this node alone. */
  id: string
  /** How often it tells itself something; `BEAT_MS` unless given. */
  beatMs?: number
}

const CHANNEL = 'idface_notifier'
/** Each NOTIFY holds a lock that all commits with one wait for, so hints go together, apart from the transactions that they tell of. */
const GAP_MS = 10
/** Below the 8,000 bytes that PostgreSQL takes. */
const MOST_BYTES = 7_900
/** So many hints wait to be sent; more than these are lost. */
const MOST_WAITING = 10_000
/** How often a node tells itself something through the channel; what it has not heard by the next time shows that the channel is dead. */
const BEAT_MS = 2_000
/** When a node ends, its last hints have so long to be sent. */
const CLOSING_MS = 500
/** How long a dead channel waits before it is opened anew: by how often in a row it has died. */
const PAUSES_MS = [100, 1_000, 5_000, 30_000, 60_000]

/** What other nodes have to know. The others are of what a process itself has seen. */
const CROSSING: ReadonlySet<string> = new Set<keyof StoreHints>([
  'verificationsDue',
  'messagesDue',
  'resendsDue',
  'bulkActsDue',
  'resolved',
  'cancelled',
])
const DUE: readonly Hint[] = [['verificationsDue'], ['messagesDue'], ['resendsDue'], ['bulkActsDue']]

/**
 * Hints between nodes, by NOTIFY on a connection of its own. Nobody may need them: behind a pooler in transaction mode, or while it is
 * opened anew, none arrive.
 */
export const openHintChannel = ({ url, hints, sleep, id, beatMs = BEAT_MS }: HintChannelOptions): HintChannel => {
  const closing = new AbortController()
  const outbox = new Set<string>()
  let client: Client | null = null
  let sending: Promise<void> | null = null
  let isOpenedAnew = false
  let isHeard = false
  let isUp = false

  const notify = (listening: Client, payload: string) => listening.query('SELECT pg_notify($1, $2)', [CHANNEL, payload])

  const send = async () => {
    while (outbox.size > 0 && client) {
      await sleep(GAP_MS)
      const payloads = payloadsOf(id, outbox)
      outbox.clear()
      for (const payload of payloads) if (client) await notify(client, payload)
    }
  }
  const beginToSend = () => {
    sending ??= send()
      // Its connection is opened anew by who listens on it.
      .catch(() => {})
      .finally(() => {
        sending = null
      })
  }

  const hear = (payload: string | undefined) => {
    const { from, told } = readPayload(payload)
    if (from !== id) tellHints(hints, told)
    else if (told.length === 0) {
      isHeard = true
      isUp = true
    }
  }

  /** Listens until the channel is dead; how long it has lived, in beats. */
  const listen = async (): Promise<number> => {
    const gone = new AbortController()
    const listening = new pg.Client({ ...sessionOf({ url, name: 'hints' }), query_timeout: beatMs })
    listening.on('error', () => gone.abort())
    listening.on('end', () => gone.abort())
    listening.on('notification', ({ payload }) => hear(payload))
    let beats = 0
    try {
      await listening.connect()
      await listening.query(`LISTEN ${CHANNEL}`)
      client = listening
      beginToSend()
      // What others told meanwhile is lost.
      if (isOpenedAnew) tellHints(hints, DUE)
      isOpenedAnew = true
      for (;;) {
        isHeard = false
        await notify(listening, payloadOf(id, []))
        await pause(sleep, beatMs, AbortSignal.any([closing.signal, gone.signal]))
        if (!isHeard) return beats
        beats++
      }
    } catch {
      return beats
    } finally {
      client = null
      isUp = false
      listening.end().catch(() => {})
      // Where nobody answers, the end would be waited for.
      listening.connection.stream.destroy()
    }
  }

  const keepListening = async () => {
    let deaths = 0
    while (!closing.signal.aborted) {
      deaths = (await listen()) > 0 ? 0 : deaths + 1
      const pauseMs = PAUSES_MS[Math.min(deaths, PAUSES_MS.length - 1)] ?? 0
      await pause(sleep, pauseMs, closing.signal).catch(() => {})
    }
  }
  const listened = keepListening()

  return {
    tell: told => {
      tellHints(hints, told)
      for (const word of wordsOf(told)) if (outbox.size < MOST_WAITING) outbox.add(word)
      if (outbox.size > 0 && client) beginToSend()
    },
    isUp: () => isUp,
    close: async () => {
      // A command tells something, and ends at once.
      for (let left = CLOSING_MS; left > 0 && outbox.size > 0; left -= GAP_MS) await sleep(GAP_MS)
      await sending
      closing.abort()
      await listened
    },
  }
}

/** Each as JSON, the registrations one by one, so that the same ones are known by their text. */
const wordsOf = (told: readonly Hint[]): string[] =>
  told
    .filter(([name]) => CROSSING.has(name))
    .flatMap((hint): unknown[] => (hint[0] === 'resolved' ? hint[1].map(id => ['resolved', id]) : [hint]))
    .map(word => JSON.stringify(word))

const payloadOf = (from: string, words: readonly string[]) => `{"from":"${from}","hints":[${words.join(',')}]}`

/** In as few payloads as hold them. */
const payloadsOf = (from: string, words: Iterable<string>): string[] => {
  const frame = payloadOf(from, []).length
  const groups: string[][] = []
  let left = 0
  for (const word of words) {
    const size = Buffer.byteLength(word) + 1
    if (size > left) {
      groups.push([])
      left = MOST_BYTES - frame
    }
    left -= size
    groups.at(-1)?.push(word)
  }
  return groups.map(group => payloadOf(from, group))
}

/** Of what a later version tells, and of what others send on the channel, nothing is told: whoever may connect may send there. */
const readPayload = (payload = ''): { from: string | null; told: Hint[] } => {
  try {
    const { from, hints } = JSON.parse(payload) as { from: string; hints: unknown[] }
    const words = hints.flatMap(readWord)
    const resolved = words.flatMap(([name, ids]) => (name === 'resolved' ? ids : []))
    const others = words.filter(([name]) => name !== 'resolved')
    return { from, told: resolved.length === 0 ? others : [...others, ['resolved', resolved]] }
  } catch {
    return { from: null, told: [] }
  }
}

const readWord = (word: unknown): Hint[] => {
  const [name, what] = Array.isArray(word) ? (word as unknown[]) : []
  if (name === 'resolved') return typeof what === 'string' ? [[name, [what]]] : []
  if (name === 'cancelled') return isCancelled(what) ? [[name, what]] : []
  return DUE.filter(([due]) => due === name)
}

const isCancelled = (what: unknown): what is Cancelled => {
  const { partnerId, registrationId } = (what ?? {}) as Partial<Record<keyof Cancelled, unknown>>
  return typeof partnerId === 'string' && (typeof registrationId === 'string' || registrationId === null)
}
