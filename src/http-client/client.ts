import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Origin } from '../core/origin.ts'
import {
  type Connection,
  createConnection,
  type Exchange,
  type ExchangeEnd,
  type Fault,
  type Limits,
  type Outbound,
} from './connection.ts'
import { type HttpRequest, writeRequest } from './request.ts'
import { type Connect, createOpen } from './socket.ts'

export type { Exchange, Fault, Limits } from './connection.ts'
export type { ResponseHead } from './response-head.ts'
export type { Connect } from './socket.ts'
export { TLS_OPTIONS } from './tls.ts'

/** Of an answer in which only the status and a few words count. */
export const SHORT_ANSWER: Limits = {
  headBytes: 16 * 1024,
  bodyBytes: 16 * 1024,
  keptBytes: 16 * 1024,
  totalBytes: 64 * 1024,
  connectMs: 5 * SECOND,
  // Once the status is known, waiting can only gain the words and a connection to use again.
  bodyMs: 5 * SECOND,
}

/** Connections are shared by requests of the same key and by no others, so a key leads to one origin. */
export interface Destination<O extends Origin> {
  key: string
  origin: O
}

export interface Client<O extends Origin> {
  /**
   * Sends one request and resolves with how that ended; rejects only for a request that cannot be written. `timeoutMs`
   * limits all of it: waiting for a free connection, connecting, the response. A request on a reused connection that the
   * peer has closed is sent once more, at once, on a fresh one.
   */
  send(to: Destination<O>, request: HttpRequest, timeoutMs: number): Promise<Exchange>
  /** Ends what waits and what is under way, and refuses what comes, with the fault `closed`. */
  close(): void
}

interface Job<O extends Origin> {
  to: Destination<O>
  request: Outbound
  endsAt: number
  done: (exchange: Exchange) => void
}

interface Group<O extends Origin> {
  open: Set<Connection>
  /** The most recently used last. It is taken first: the peer is the least likely to have closed it. */
  idle: Connection[]
  waiting: Job<O>[]
}

/** How often exchanges and idle connections are looked after; a timer for each would cost more than all its work. */
const TICK_MS = 50
const MAX_IDLE = 1024

const always = () => true
const failed = (fault: Fault): Exchange => ({ head: null, body: Buffer.alloc(0), fault })

/**
 * @param deps.connect for connections that are not simply opened to the origin's host and port
 * @param deps.perKey most connections of one key; further requests wait in turn
 * @param deps.retries which requests are sent once more if the peer has closed their reused connection: `unsent`, those of
 *   which no byte was sent; `unanswered`, also those that were sent and whose response has not begun
 */
export const openClient = <O extends Origin = Origin>(deps: {
  connect?: Connect<O>
  limits: Limits
  perKey: number
  retries: 'unsent' | 'unanswered'
  clock: Clock
}): Client<O> => {
  const { limits, perKey, retries } = deps
  const { monotonic: now, sleep } = deps.clock
  const openTo = createOpen<O>(deps.connect ?? ((_origin, { openTcp }) => openTcp()), deps.clock)
  const groups = new Map<string, Group<O>>()
  /** Over all groups. */
  let idleCount = 0
  let isWatching = false
  let isClosed = false

  const isLate = ({ endsAt }: Job<O>) => endsAt <= now()
  const failLate = ({ done }: Job<O>) => done(failed({ kind: 'timeout', phase: 'queue' }))

  const expireWaiting = (group: Group<O>) => {
    if (!group.waiting.some(isLate)) return
    const late = group.waiting.filter(isLate)
    group.waiting = group.waiting.filter(job => !isLate(job))
    late.forEach(failLate)
  }

  const takeWaiting = (group: Group<O>): Job<O> | null => {
    for (let job = group.waiting.shift(); job; job = group.waiting.shift()) {
      if (!isLate(job)) return job
      failLate(job)
    }
    return null
  }

  const watch = async () => {
    isWatching = true
    while (groups.size > 0) {
      await sleep(TICK_MS)
      for (const group of groups.values()) {
        expireWaiting(group)
        for (const connection of group.open) connection.expire()
      }
    }
    isWatching = false
  }

  const groupOf = ({ key }: Destination<O>): Group<O> => {
    const known = groups.get(key)
    if (known) return known
    const group: Group<O> = { open: new Set(), idle: [], waiting: [] }
    groups.set(key, group)
    if (!isWatching) void watch()
    return group
  }

  const takeIdle = (group: Group<O>): Connection | null => {
    for (let connection = group.idle.pop(); connection; connection = group.idle.pop()) {
      idleCount--
      if (!connection.expire()) return connection
    }
    return null
  }

  const onFree = (group: Group<O>, connection: Connection) => {
    const next = takeWaiting(group)
    if (next) return queueMicrotask(() => start(connection, next))
    if (idleCount >= MAX_IDLE) return connection.close()
    group.idle.push(connection)
    idleCount++
  }

  const onGone = (group: Group<O>, { key }: Destination<O>, connection: Connection) => {
    group.open.delete(connection)
    const at = group.idle.indexOf(connection)
    if (at >= 0) {
      group.idle.splice(at, 1)
      idleCount--
    }
    const next = group.open.size < perKey ? takeWaiting(group) : null
    if (next) start(add(next.to), next)
    else if (group.open.size === 0) groups.delete(key)
  }

  const add = (to: Destination<O>): Connection => {
    const group = groupOf(to)
    const connection = createConnection({
      open: openTo(to.origin),
      now,
      limits,
      onFree: free => onFree(group, free),
      onGone: gone => onGone(group, to, gone),
    })
    group.open.add(connection)
    return connection
  }

  const mayRetry = ({ isStale, isUnsent }: ExchangeEnd) => isStale && (isUnsent || retries === 'unanswered')

  const start = (connection: Connection, { to, request, endsAt, done }: Job<O>): void =>
    connection.run(request, endsAt - now(), end => {
      if (!mayRetry(end)) done(end)
      else if (isClosed) done(failed({ kind: 'closed' }))
      else add(to).run(request, endsAt - now(), done)
    })

  return {
    send: (to, request, timeoutMs) =>
      new Promise(done => {
        if (isClosed) return done(failed({ kind: 'closed' }))
        const outbound = { bytes: writeRequest(request, to.origin.host), mayWrite: request.mayWrite ?? always }
        const job = { to, request: outbound, endsAt: now() + timeoutMs, done }
        const group = groupOf(to)
        const connection = takeIdle(group) ?? (group.open.size < perKey ? add(to) : null)
        if (connection) start(connection, job)
        else group.waiting.push(job)
      }),
    close: () => {
      isClosed = true
      for (const group of [...groups.values()]) {
        for (const { done } of group.waiting.splice(0)) done(failed({ kind: 'closed' }))
        for (const connection of [...group.open]) connection.close()
      }
    },
  }
}
