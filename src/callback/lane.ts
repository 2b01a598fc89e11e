import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import type { CallbackUrl } from '../core/callback-url.ts'
import { SECOND } from '../core/duration.ts'
import type { Connect } from './connect.ts'
import { EXCERPT_BYTES, readExcerpt } from './excerpt.ts'
import { type Failure, failureOf, SendError } from './failure.ts'
import type { Ticker } from './ticker.ts'

/** How an attempt ended. `answered` as soon as the answer's headers were complete, whatever became of its body. */
export type Outcome =
  | { kind: 'answered'; httpStatus: number; retryAfter: string | null; excerpt: string | null }
  | ({ kind: 'failed' } & Failure)

export interface Work {
  path: string
  /** Names and values in turn. */
  headers: string[]
  body: Buffer | string
  timeoutMs: number
}

/** `isStale`: the connection had served before and was closed before a byte of an answer came, as idle ones are. */
export interface LaneEnd {
  outcome: Outcome
  isStale: boolean
}

/** A connection to one origin that carries one request at a time; it opens when first used, and again if it was closed. */
export interface Lane {
  /** Must not be called while there is work, nor from within `onFree`. */
  run(work: Work, done: (end: LaneEnd) => void): void
  /** When its present connection was opened, on the clock of `deps.now`. */
  openedAt(): number
  /** Closes it; work under way fails. */
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 16 * 1024
const MAX_BODY_BYTES = 16 * 1024
/** Chunk extensions, trailers, a long reason phrase cost as much and count for nothing: this is whatever comes over the wire. */
const MAX_WIRE_BYTES = 4 * MAX_BODY_BYTES
const BODY_LIMIT_MS = 5 * SECOND
/** How often an attempt that is under way is looked after; most have ended by then. */
export const TICK_MS = 50
const MAX_INFORMATIONAL = 8
/** undici connects anew when a connection is lost before the request is written; a receiver could keep that up. */
const MAX_CONNECTS = 2

const textOf = (header: string | string[] | undefined): string | null =>
  (Array.isArray(header) ? header[0] : header) ?? null

/**
 * @param deps.ticker ticks every `TICK_MS`
 * @param deps.onFree the work has ended and the lane can take more
 * @param deps.onGone the lane is closed or has lost its connection, and must not be used again
 */
export const createLane = (deps: {
  target: CallbackUrl
  connect: Connect
  now: () => number
  ticker: Ticker
  onFree: (lane: Lane) => void
  onGone: (lane: Lane) => void
}): Lane => {
  const { target, connect, now, ticker, onFree, onGone } = deps
  let isGone = false

  // The connection.
  let socket: Socket | null = null
  let openedAt = 0
  let served = 0
  let connecting: AbortController | null = null

  // The work under way. One set for the whole life of the lane, so that a request allocates next to nothing.
  let done: ((end: LaneEnd) => void) | null = null
  let endsAt = 0
  let ticksInBody = 0
  let connects = 0
  let bytesBefore = 0
  let informational = 0
  let status = 0
  let retryAfter: string | null = null
  let encoding: string | null = null
  let excerpt: Buffer[] = []
  let received = 0

  const openSocket = async (): Promise<Socket> => {
    if (++connects > MAX_CONNECTS) throw new SendError('reset', 'lost before use')
    connecting = new AbortController()
    try {
      const opened = await connect(target, connecting.signal)
      socket = opened
      served = 0
      bytesBefore = opened.bytesRead
      openedAt = now()
      return opened
    } finally {
      connecting = null
    }
  }

  const client = new Client(target.origin, {
    connect: (_options, callback) => {
      openSocket().then(
        opened => callback(null, opened),
        error => callback(error instanceof SendError ? error : new SendError('local', (error as Error).name), null),
      )
    },
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 4 * SECOND,
    keepAliveMaxTimeout: 30 * SECOND,
    // The lane has its own limits, over everything.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  const shut = async (): Promise<void> => {
    const isFirst = !isGone
    isGone = true
    connecting?.abort()
    const closed = client.destroy()
    if (isFirst) onGone(lane)
    await closed
  }

  const end = (outcome: Outcome, after: 'reusable' | 'stale' | 'broken') => {
    const tell = done
    if (tell === null) return
    done = null
    ticker.delete(onTick)
    if (after === 'reusable' && !isGone) onFree(lane)
    else void shut()
    tell({ outcome, isStale: after === 'stale' })
  }

  const endAnswered = (after: 'reusable' | 'broken') =>
    end({ kind: 'answered', httpStatus: status, retryAfter, excerpt: readExcerpt(excerpt, encoding) }, after)

  const endFailed = (failure: Failure) => {
    const isStale = failure.error === 'reset' && connects === 0 && socket?.bytesRead === bytesBefore
    end({ kind: 'failed', error: failure.error, detail: failure.detail }, isStale ? 'stale' : 'broken')
  }

  /** After each read and not at the next tick: a fast network brings tens of megabytes in between, and all are parsed. */
  const onRead = () => {
    if (done === null || (socket?.bytesRead ?? 0) - bytesBefore <= MAX_WIRE_BYTES) return
    if (status !== 0) endAnswered('broken')
    else endFailed({ error: 'protocol', detail: 'flood' })
  }

  const onTick = () => {
    const isOver = now() >= endsAt
    // Once the status is known, only the excerpt and the connection's reuse are to be gained by waiting.
    if (status !== 0 && (isOver || ++ticksInBody > BODY_LIMIT_MS / TICK_MS)) endAnswered('broken')
    else if (isOver)
      endFailed(connecting ? { error: 'connect_timeout', detail: 'attempt' } : { error: 'timeout', detail: null })
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: controller => {
      if (done === null) controller.abort(new SendError('local', 'ended'))
    },
    onResponseStart: (_controller, code, headers) => {
      if (done === null) return
      if (code < 200) {
        if (++informational > MAX_INFORMATIONAL) endFailed({ error: 'protocol', detail: 'informational' })
      } else if (code > 599) endFailed({ error: 'protocol', detail: 'status' })
      else {
        status = code
        retryAfter = textOf(headers['retry-after'])
        encoding = textOf(headers['content-encoding'])
      }
    },
    onResponseData: (_controller, chunk) => {
      if (done === null) return
      const room = EXCERPT_BYTES - received
      if (room > 0) excerpt.push(Buffer.from(chunk.subarray(0, room)))
      received += chunk.length
      if (received > MAX_BODY_BYTES) endAnswered('broken')
    },
    onResponseEnd: () => {
      served++
      endAnswered('reusable')
    },
    onResponseError: (_controller, error) => {
      if (status !== 0) endAnswered('broken')
      else endFailed(failureOf(error))
    },
  }

  // Once undici has its own listener: what was read is parsed by then.
  client.on('connect', () => socket?.on('readable', onRead))

  client.on('disconnect', () => {
    if (done === null && !isGone) void shut()
  })

  const lane: Lane = {
    run: ({ path, headers, body, timeoutMs }, tell) => {
      done = tell
      connects = 0
      bytesBefore = socket?.bytesRead ?? 0
      informational = 0
      status = 0
      received = 0
      excerpt = []
      ticksInBody = 0
      endsAt = now() + timeoutMs
      ticker.add(onTick)
      const dispatch = () => {
        if (done === tell) client.dispatch({ path, method: 'POST', headers, body }, handler)
      }
      // undici looks once more at a socket that has served, but only at what the last poll brought. With a turn before it
      // there is a poll in between, and an answer that nobody asked for is seen before it can pass for one to this request.
      if (served > 0) setImmediate(dispatch)
      else dispatch()
    },
    openedAt: () => openedAt,
    close: async () => {
      endFailed({ error: 'local', detail: 'closed' })
      await shut()
    },
  }
  return lane
}
