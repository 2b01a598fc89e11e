import type { Socket } from 'node:net'
import { MINUTE, SECOND } from '../core/duration.ts'
import type { ResponseHead } from './response-head.ts'
import { createResponseParser, type ResponseFault } from './response-parser.ts'

/** The current step: connecting, a proxy on the way, TLS, or the request and its response. */
export type Phase = 'connect' | 'proxy' | 'tls' | 'response'

/** Why there is no response, or only a part of it. */
export type Fault =
  /** No connection. `error` is what `connect` rejected with, or the error of TLS. */
  | { kind: 'connect'; phase: Phase; error: unknown }
  /** The time ran out in this phase. */
  | { kind: 'timeout'; phase: Phase }
  /** The peer closed, or its socket failed with this code. */
  | { kind: 'lost'; code: string | null }
  | { kind: 'protocol'; detail: ResponseFault | 'flood' }
  /** The body was longer than `limits.bodyBytes`. */
  | { kind: 'too_large' }
  /** `close` was called. */
  | { kind: 'closed' }
  /** Nothing was written, because `mayWrite` of the request returned false. */
  | { kind: 'withdrawn' }

/** Result of one request. `head` is set once it was complete, even if the body failed. */
export interface Exchange {
  head: ResponseHead | null
  /** The first `limits.keptBytes` of the body. */
  body: Buffer
  /** Null: the response is complete. */
  fault: Fault | null
}

export interface ExchangeEnd extends Exchange {
  /** The connection had served before, and was lost before a byte of the response came. */
  isStale: boolean
  /** No byte of the request was sent. */
  isUnsent: boolean
}

/**
 * Opens a connected socket with an error listener. Bytes read go to `onRead`, which must not keep them. Must end soon
 * after `signal` is aborted. `onProxy` is called when a proxy is asked to connect, `onTls` when the TLS handshake
 * begins, with the socket below TLS.
 */
export type Open = (opening: {
  signal: AbortSignal
  onRead: (bytes: Buffer) => void
  onProxy: () => void
  onTls: (below: Socket) => void
}) => Promise<Socket>

export interface Limits {
  headBytes: number
  bodyBytes: number
  /** Maximum bytes of the body that are kept. */
  keptBytes: number
  /**
   * Of everything received for one request: also chunk extensions, trailers and informational responses, and with TLS
   * all its bytes.
   */
  totalBytes: number
  /** For connecting, names and TLS included. */
  connectMs: number
  /** For the body, once the head is complete. */
  bodyMs: number
}

/** A serialized request, and whether it may still be written when its turn has come. */
export interface Outbound {
  bytes: Buffer
  mayWrite: () => boolean
}

export type Connection = ReturnType<typeof createConnection>

/** How long an idle connection is kept: as long as the peer says, less the travel time of a packet, within bounds. */
const IDLE_MS = { default: 4 * SECOND, max: 30 * SECOND, margin: SECOND }
/** Age at which a connection takes no more requests, so that a host name that moved is followed. */
const MAX_AGE_MS = MINUTE

const NOTHING = Buffer.alloc(0)

const idleMsOf = ({ idleMs }: ResponseHead): number =>
  idleMs === null ? IDLE_MS.default : Math.min(idleMs - IDLE_MS.margin, IDLE_MS.max)

const joined = (parts: readonly Buffer[]): Buffer => (parts.length < 2 ? (parts[0] ?? NOTHING) : Buffer.concat(parts))

/**
 * One connection, one exchange at a time. It opens when first used, and only once.
 *
 * @param deps.now monotonic ms
 * @param deps.onFree called when the exchange has ended; the connection can take another one once this call has
 *   returned
 * @param deps.onGone called when the connection is closed
 */
export const createConnection = (deps: {
  open: Open
  now: () => number
  limits: Limits
  onFree: () => void
  onGone: () => void
}) => {
  const { now, limits } = deps
  let isGone = false
  let socket: Socket | null = null
  /**
   * The same socket, or the one below TLS: there a peer can send endless data that TLS consumes, such as session
   * tickets.
   */
  let wire: Socket | null = null
  let opening: AbortController | null = null
  let openedAt = 0
  let hasServed = false
  let idleUntil = Number.POSITIVE_INFINITY

  // The exchange under way, as variables of the connection: a request allocates next to nothing.
  let done: ((end: ExchangeEnd) => void) | null = null
  let phase: Phase = 'connect'
  let endsAt = 0
  let connectEndsAt = Number.POSITIVE_INFINITY
  let isWritten = false
  let head: ResponseHead | null = null
  let body: Buffer[] = []
  let bodyBytes = 0
  let totalBytes = 0
  /** Bytes read from `wire` before the exchange began. */
  let wireBytesBefore = 0

  const shut = () => {
    if (isGone) return
    isGone = true
    parser.reset()
    opening?.abort()
    socket?.destroy()
    deps.onGone()
  }

  /** Returns until when the connection may wait for its next request; a time in the past: it cannot be used again. */
  const idleEnd = (isReusable: boolean): number =>
    isReusable && head !== null ? Math.min(now() + idleMsOf(head), openedAt + MAX_AGE_MS) : 0

  const end = (fault: Fault | null, isReusable: boolean) => {
    const report = done
    if (report === null) return shut()
    done = null
    const isLost = isWritten
      ? fault?.kind === 'lost' && totalBytes === 0
      : fault?.kind === 'lost' || fault?.kind === 'protocol'
    const isStale = hasServed && isLost
    hasServed = true
    idleUntil = idleEnd(isReusable)
    const ended: ExchangeEnd = { head, body: joined(body), fault, isStale, isUnsent: !isWritten }
    // An idle connection does not keep the head, which may have thousands of headers.
    head = null
    body = []
    if (idleUntil > now()) deps.onFree()
    else shut()
    report(ended)
  }
  const fail = (fault: Fault) => end(fault, false)

  const parser = createResponseParser(
    {
      onHead: complete => {
        head = complete
        endsAt = Math.min(endsAt, now() + limits.bodyMs)
      },
      onData: bytes => {
        // A copy: the read buffer is used again.
        if (bodyBytes < limits.keptBytes) body.push(Buffer.from(bytes.subarray(0, limits.keptBytes - bodyBytes)))
        bodyBytes += bytes.length
        if (bodyBytes > limits.bodyBytes) fail({ kind: 'too_large' })
      },
      onEnd: isClean => end(null, isClean && head?.keepAlive === true),
      onFault: detail => fail({ kind: 'protocol', detail }),
    },
    limits,
  )

  const onRead = (bytes: Buffer) => {
    totalBytes += bytes.length
    parser.push(bytes)
    endFlood()
  }
  /** Checked after each read: a fast network brings tens of megabytes before the next `expire`. */
  const endFlood = () => {
    if (isGone || wire === null) return
    if (wire.bytesRead - wireBytesBefore > limits.totalBytes) fail({ kind: 'protocol', detail: 'flood' })
  }
  const onLost = (code: string | null) => fail({ kind: 'lost', code })
  /** A body without a length is complete only if the peer closed the connection in order. */
  const onEnd = () => {
    if (!parser.end()) onLost(null)
  }

  const listen = (opened: Socket) => {
    socket = opened
    wire ??= opened
    opened.on('end', onEnd)
    // A session ticket of TLS.
    opened.on('session', endFlood)
    opened.on('close', () => onLost(null))
    opened.on('error', (error: NodeJS.ErrnoException) => onLost(error.code ?? error.name))
  }

  const write = ({ bytes, mayWrite }: Outbound) => {
    if (done === null || socket === null) return
    if (!mayWrite()) return fail({ kind: 'withdrawn' })
    // Requests must not pile up here when a peer answers before it reads. Not checked when the response arrives: TLS
    // reports a turn later that the bytes are out.
    if (socket.writableLength > 0) return onLost(null)
    isWritten = true
    wireBytesBefore = wire?.bytesRead ?? 0
    parser.begin()
    socket.write(bytes)
  }

  const writeInNextTurn = (request: Outbound) => setImmediate(write, request)

  const openAndWrite = async (request: Outbound) => {
    opening = new AbortController()
    connectEndsAt = now() + limits.connectMs
    const onProxy = () => {
      phase = 'proxy'
    }
    const onTls = (below: Socket) => {
      phase = 'tls'
      wire = below
    }
    try {
      const opened = await deps.open({ signal: opening.signal, onRead, onProxy, onTls })
      if (isGone) {
        opened.destroy()
        return
      }
      openedAt = now()
      connectEndsAt = Number.POSITIVE_INFINITY
      phase = 'response'
      listen(opened)
      write(request)
    } catch (error) {
      fail({ kind: 'connect', phase, error })
    } finally {
      opening = null
    }
  }

  return {
    /**
     * Must not be called while an exchange is in flight. If the connection has closed meanwhile, the exchange ends
     * stale.
     * `timeoutMs` limits all of it, connecting included; a late exchange ends at the next `expire`.
     */
    run: (request: Outbound, timeoutMs: number, onEnded: (end: ExchangeEnd) => void): void => {
      if (isGone) {
        const fault: Fault = { kind: 'lost', code: null }
        queueMicrotask(() => onEnded({ head: null, body: NOTHING, fault, isStale: true, isUnsent: true }))
        return
      }
      done = onEnded
      endsAt = now() + timeoutMs
      bodyBytes = 0
      totalBytes = 0
      isWritten = false
      // A reused connection writes only after a whole turn of the event loop, and so a poll: unsolicited bytes are seen
      // before they can pass for the response, and so is the end of a connection that the peer has closed.
      if (socket) setImmediate(writeInNextTurn, request)
      else void openAndWrite(request)
    },
    /** Ends the exchange, or the idle connection, if its time is over. Returns true if the connection is closed. */
    expire: (): boolean => {
      endFlood()
      if (isGone || now() < (done === null ? idleUntil : Math.min(endsAt, connectEndsAt))) return isGone
      if (done === null) shut()
      else fail({ kind: 'timeout', phase })
      return true
    },
    /** Fails the exchange in flight and closes the connection. */
    close: (): void => {
      fail({ kind: 'closed' })
      shut()
    },
  }
}
