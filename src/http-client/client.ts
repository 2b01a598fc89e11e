import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Origin } from '../core/origin.ts'
import { type Connection, createConnection, type Exchange, type ExchangeEnd, type Limits } from './connection.ts'
import { type HttpRequest, writeRequest } from './request.ts'
import { type Connect, createOpen } from './socket.ts'
import type { OnCertificate } from './tls.ts'

export type { Exchange, Fault, Limits } from './connection.ts'
export type { ResponseHead } from './response-head.ts'
export type { Connect } from './socket.ts'
export { TLS_OPTIONS } from './tls.ts'

/** Limits for responses of which only the status and a few words count. */
export const SHORT_ANSWER: Limits = {
  headBytes: 16 * 1024,
  bodyBytes: 16 * 1024,
  keptBytes: 16 * 1024,
  totalBytes: 64 * 1024,
  connectMs: 5 * SECOND,
  // Once the status is known, waiting gains only the words and a reusable connection.
  bodyMs: 5 * SECOND,
}

/** Requests share connections only by key, so a key must lead to one origin. */
interface Destination<O extends Origin> {
  key: string
  origin: O
}

/** Interval of checking exchanges and idle connections; a timer for each would cost more than all its work. */
const TICK_MS = 50
const MAX_IDLE = 1024

const always = () => true
const CLOSED: Exchange = { head: null, body: Buffer.alloc(0), fault: { kind: 'closed' } }

/**
 * @param deps.connect opens connections that do not go directly to the origin's host and port
 * @param deps.retries which requests are sent once more if the peer has closed their reused connection: `unsent`,
 *   requests of which no byte was sent; `unanswered`, also requests that were sent and whose response has not begun
 */
export const openClient = <O extends Origin = Origin>(deps: {
  connect?: Connect<O>
  limits: Limits
  retries: 'unsent' | 'unanswered'
  clock: Clock
  onCertificate?: OnCertificate
}) => {
  const { limits, retries } = deps
  const { monotonic: now, sleep } = deps.clock
  const openTo = createOpen<O>(deps.connect ?? ((_origin, { openTcp }) => openTcp()), deps.clock, deps.onCertificate)
  /** All connections that are not closed. */
  const open = new Set<Connection>()
  /**
   * Idle connections by key, the most recently used last. That one is taken first: the peer is the least likely to have
   * closed it.
   */
  const idle = new Map<string, Connection[]>()
  let idleCount = 0
  let isWatching = false
  let isClosed = false

  const watch = async () => {
    isWatching = true
    while (open.size > 0) {
      await sleep(TICK_MS)
      for (const connection of open) connection.expire()
    }
    isWatching = false
  }

  const removeIdle = (key: string, connection: Connection) => {
    const ofKey = idle.get(key) ?? []
    const at = ofKey.lastIndexOf(connection)
    if (at < 0) return
    ofKey.splice(at, 1)
    idleCount--
    if (ofKey.length === 0) idle.delete(key)
  }

  const takeIdle = (key: string): Connection | null => {
    const connection = idle.get(key)?.at(-1)
    if (!connection) return null
    removeIdle(key, connection)
    return connection.expire() ? takeIdle(key) : connection
  }

  const onFree = (key: string, connection: Connection) => {
    if (idleCount >= MAX_IDLE) return connection.close()
    const ofKey = idle.get(key)
    if (ofKey) ofKey.push(connection)
    else idle.set(key, [connection])
    idleCount++
  }

  const add = ({ key, origin }: Destination<O>): Connection => {
    const connection = createConnection({
      open: openTo(origin),
      now,
      limits,
      onFree: () => onFree(key, connection),
      onGone: () => {
        open.delete(connection)
        removeIdle(key, connection)
      },
    })
    open.add(connection)
    if (!isWatching) void watch()
    return connection
  }

  const mayRetry = ({ isStale, isUnsent }: ExchangeEnd) => isStale && (isUnsent || retries === 'unanswered')

  return {
    /**
     * Sends one request and resolves with its exchange; rejects only for a request that cannot be written. `timeoutMs`
     * limits all of it, connecting included. If the peer has closed a reused connection, the request is sent once more,
     * at once, on a fresh one, as `retries` allows. Each request in flight has a connection: the caller limits them.
     */
    send: (to: Destination<O>, request: HttpRequest, timeoutMs: number): Promise<Exchange> =>
      new Promise(done => {
        if (isClosed) return done(CLOSED)
        const outbound = { bytes: writeRequest(request, to.origin.host), mayWrite: request.mayWrite ?? always }
        const endsAt = now() + timeoutMs
        const connection = takeIdle(to.key) ?? add(to)
        connection.run(outbound, timeoutMs, end => {
          if (!mayRetry(end)) done(end)
          else if (isClosed) done(CLOSED)
          else add(to).run(outbound, endsAt - now(), done)
        })
      }),
    /** Ends requests in flight, and refuses further ones, with the fault `closed`. */
    close: (): void => {
      isClosed = true
      for (const connection of [...open]) connection.close()
    },
  }
}
