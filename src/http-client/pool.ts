import { type Connection, type ConnectionLimits, createConnection, type ExchangeEnd, type Open } from './connection.ts'
import type { Ticker } from './ticker.ts'

/** Connections to one origin. */
export interface Pool {
  /**
   * Sends one request on the first connection that is free. Where an idle one turns out to have been closed before anything
   * was sent, it goes out on a fresh one. `timeoutMs` is for all of it, waiting for a connection included.
   */
  run(request: Buffer, timeoutMs: number, done: (end: ExchangeEnd) => void): void
  /** Resolves when the exchanges under way, and those that wait, have ended; what comes later fails. */
  close(): Promise<void>
}

interface Waiting {
  request: Buffer
  endsAt: number
  done: (end: ExchangeEnd) => void
}

const failedWith = (fault: ExchangeEnd['fault']): ExchangeEnd => ({
  head: null,
  body: [],
  fault,
  isStale: false,
  isUnsent: true,
})

/**
 * @param deps.size most connections
 * @param deps.ticker as for `createConnection`
 */
export const createPool = (deps: {
  open: Open
  size: number
  now: () => number
  ticker: Ticker
  limits: ConnectionLimits
}): Pool => {
  const { size, now, ticker, limits } = deps
  const open = new Set<Connection>()
  /** The most recently used last: taken first, it is the least likely to have been closed. */
  const idle: Connection[] = []
  let waiting: Waiting[] = []
  let underWay = 0
  let closing: PromiseWithResolvers<void> | null = null

  const add = (): Connection => {
    const connection = createConnection({
      open: deps.open,
      now,
      ticker,
      limits,
      onFree: free => idle.push(free),
      onGone: gone => {
        open.delete(gone)
        const at = idle.indexOf(gone)
        if (at >= 0) idle.splice(at, 1)
      },
    })
    open.add(connection)
    return connection
  }

  const endOne = () => {
    underWay--
    next()
    if (closing && underWay === 0 && waiting.length === 0) finishClosing()
  }

  const runOn = (connection: Connection, { request, endsAt, done }: Waiting) => {
    underWay++
    const finish = (end: ExchangeEnd) => {
      done(end)
      // Not from within the exchange that has just ended.
      queueMicrotask(endOne)
    }
    connection.run(request, endsAt - now(), end => {
      if (end.isStale && end.isUnsent) add().run(request, Math.max(1, endsAt - now()), finish)
      else finish(end)
    })
  }

  const next = () => {
    while (waiting.length > 0) {
      const connection = idle.pop() ?? (open.size < size ? add() : null)
      if (connection === null) return
      runOn(connection, waiting.shift() as Waiting)
    }
    ticker.delete(onTick)
  }

  const onTick = () => {
    const late = waiting.filter(({ endsAt }) => endsAt <= now())
    waiting = waiting.filter(({ endsAt }) => endsAt > now())
    for (const { done } of late) done(failedWith({ kind: 'timeout', isConnecting: false }))
  }

  const finishClosing = () => {
    for (const connection of open) connection.close()
    ticker.delete(onTick)
    closing?.resolve()
  }

  return {
    run: (request, timeoutMs, done) => {
      if (closing) return done(failedWith({ kind: 'closed' }))
      waiting.push({ request, endsAt: now() + timeoutMs, done })
      next()
      if (waiting.length > 0) ticker.add(onTick)
    },
    close: () => {
      closing ??= Promise.withResolvers()
      if (underWay === 0 && waiting.length === 0) finishClosing()
      return closing.promise
    },
  }
}
