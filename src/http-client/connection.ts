import type { Socket } from 'node:net'
import { SECOND } from '../core/duration.ts'
import type { ResponseHead } from './response-head.ts'
import { createResponseParser, type ResponseFault } from './response-parser.ts'
import type { Ticker } from './ticker.ts'

/** Why there is no response, or not the whole of it. */
export type Fault =
  /** No connection: what `open` rejected with. */
  | { kind: 'connect'; error: unknown }
  /** The time was over, while connecting or later. */
  | { kind: 'timeout'; isConnecting: boolean }
  /** The other side closed, or its socket failed with this code. */
  | { kind: 'lost'; code: string | null }
  | { kind: 'protocol'; detail: ResponseFault | 'flood' }
  /** The body was longer than `limits.bodyBytes`. */
  | { kind: 'too_large' }
  /** `close` was called. */
  | { kind: 'closed' }

/** How an exchange ended. `head` is there as soon as it was complete, whatever became of the body. */
export interface ExchangeEnd {
  head: ResponseHead | null
  /** As much of it as `limits.keptBytes` lets. */
  body: Buffer[]
  /** Null: the response was complete. */
  fault: Fault | null
  /**
   * The connection had served before, and was closed before the request was written or before a byte of a response came,
   * as idle ones are.
   */
  isStale: boolean
  /** Not a byte of the request was sent. */
  isUnsent: boolean
}

export type Open = (signal: AbortSignal, onRead: (bytes: Buffer) => void) => Promise<Socket>

export interface ConnectionLimits {
  headBytes: number
  bodyBytes: number
  keptBytes: number
  /** Chunk extensions, trailers, informational responses count for nothing: this is whatever comes over the wire. */
  wireBytes: number
  /** For the body, once the head is there; an exchange's own limit holds as well. */
  bodyMs: number
}

/** One connection that carries one exchange at a time; it opens when first used, and never again. */
export interface Connection {
  /**
   * Must not be called while an exchange is under way; once it is gone, the exchange fails as stale. `timeoutMs` is for all
   * of it, connecting included.
   */
  run(request: Buffer, timeoutMs: number, done: (end: ExchangeEnd) => void): void
  /** When it was opened, on the clock of `deps.now`. */
  openedAt(): number
  /** When its last exchange ended. */
  freeSince(): number
  /** Closes it; an exchange under way fails. */
  close(): void
}

/** How long an idle one is kept: as the other side says, less what a packet may travel, within bounds. */
const IDLE_MS = { otherwise: 4 * SECOND, most: 30 * SECOND, margin: SECOND }

const idleMsOf = ({ idleMs }: ResponseHead): number =>
  idleMs === null ? IDLE_MS.otherwise : Math.min(idleMs - IDLE_MS.margin, IDLE_MS.most)

/**
 * @param deps.open aborted when there is no time left for it; the socket it gives has an error listener already, and what is
 *   read from it goes to `onRead`, which is done with the bytes when it returns
 * @param deps.ticker ticks every so often; what takes too long ends at the next tick
 * @param deps.onFree the exchange has ended and the next one may be run, though not from within
 * @param deps.onGone it is closed and must not be used again
 */
export const createConnection = (deps: {
  open: Open
  now: () => number
  ticker: Ticker
  limits: ConnectionLimits
  onFree: (connection: Connection) => void
  onGone: (connection: Connection) => void
}): Connection => {
  const { now, ticker, limits } = deps
  let isGone = false
  let socket: Socket | null = null
  let openedAt = 0
  let opening: AbortController | null = null
  let hasServed = false
  let isWritten = false
  let freeSince = 0
  let idleUntil = Number.POSITIVE_INFINITY

  // The exchange under way. One set for the whole life of the connection, so that an exchange allocates next to nothing.
  let done: ((end: ExchangeEnd) => void) | null = null
  let endsAt = 0
  let head: ResponseHead | null = null
  let body: Buffer[] = []
  let received = 0
  let wireBytes = 0

  const destroy = () => {
    isGone = true
    ticker.delete(onTick)
    parser.reset()
    opening?.abort()
    socket?.destroy()
  }

  const shut = () => {
    if (isGone) return
    destroy()
    deps.onGone(connection)
  }

  const end = (fault: Fault | null, isReusable: boolean) => {
    const tell = done
    if (tell === null) return shut()
    done = null
    const isLost = isWritten
      ? fault?.kind === 'lost' && wireBytes === 0
      : fault?.kind === 'lost' || fault?.kind === 'protocol'
    const isStale = hasServed && isLost
    hasServed = true
    // What answers before it has read must not have requests pile up here.
    const idleMs = isReusable && head && socket?.writableLength === 0 ? Math.max(0, idleMsOf(head)) : 0
    freeSince = now()
    idleUntil = freeSince + idleMs
    if (idleMs > 0) deps.onFree(connection)
    else destroy()
    const told: ExchangeEnd = { head, body, fault, isStale, isUnsent: !isWritten }
    // An idle connection does not keep what may be thousands of headers.
    head = null
    body = []
    tell(told)
    // Only then: who repeats a stale exchange takes this one's place before anybody who waits for one.
    if (idleMs === 0) deps.onGone(connection)
  }
  const fail = (fault: Fault) => end(fault, false)

  const parser = createResponseParser(
    {
      onHead: complete => {
        head = complete
        endsAt = Math.min(endsAt, now() + limits.bodyMs)
      },
      onData: bytes => {
        // A copy of what is kept: the rest of what was read with it is let go.
        if (received < limits.keptBytes) body.push(Buffer.from(bytes.subarray(0, limits.keptBytes - received)))
        received += bytes.length
        if (received > limits.bodyBytes) fail({ kind: 'too_large' })
      },
      onEnd: isClean => end(null, isClean && head?.keepAlive === true),
      onFault: detail => fail({ kind: 'protocol', detail }),
    },
    limits,
  )

  const onRead = (bytes: Buffer) => {
    wireBytes += bytes.length
    parser.push(bytes)
    // After each read and not at the next tick: a fast network brings tens of megabytes in between.
    if (wireBytes > limits.wireBytes && done !== null) fail({ kind: 'protocol', detail: 'flood' })
  }
  const onLost = (code: string | null) => fail({ kind: 'lost', code })
  /** Only what was ended in order can have been complete. */
  const onEnd = () => {
    if (!parser.end()) onLost(null)
  }

  const onTick = () => {
    if (now() < (done === null ? idleUntil : endsAt)) return
    if (done === null) shut()
    else fail({ kind: 'timeout', isConnecting: opening !== null })
  }

  const listen = (opened: Socket) => {
    socket = opened
    opened.on('end', onEnd)
    opened.on('close', () => onLost(null))
    opened.on('error', (error: NodeJS.ErrnoException) => onLost(error.code ?? error.name))
  }

  const write = (request: Buffer) => {
    if (done === null) return
    isWritten = true
    parser.begin()
    socket?.write(request)
  }

  const writeInTurn = (request: Buffer) => setImmediate(write, request)

  const openAndWrite = async (request: Buffer) => {
    opening = new AbortController()
    try {
      const opened = await deps.open(opening.signal, onRead)
      if (isGone) {
        opened.destroy()
        return
      }
      openedAt = now()
      listen(opened)
      write(request)
    } catch (error) {
      fail({ kind: 'connect', error })
    } finally {
      opening = null
    }
  }

  const connection: Connection = {
    run: (request, timeoutMs, tell) => {
      if (isGone) {
        const fault: Fault = { kind: 'lost', code: null }
        queueMicrotask(() => tell({ head: null, body: [], fault, isStale: true, isUnsent: true }))
        return
      }
      done = tell
      endsAt = now() + timeoutMs
      received = 0
      wireBytes = 0
      isWritten = false
      // A whole turn, and so a poll, before it is used again: an answer that nobody asked for is seen before it can pass
      // for one to this request, and so is the end of a connection that the other side has closed.
      if (socket) setImmediate(writeInTurn, request)
      else {
        ticker.add(onTick)
        void openAndWrite(request)
      }
    },
    openedAt: () => openedAt,
    freeSince: () => freeSince,
    close: () => {
      fail({ kind: 'closed' })
      shut()
    },
  }
  return connection
}
