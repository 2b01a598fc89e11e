import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type Connection,
  type ConnectionLimits,
  createConnection,
  type ExchangeEnd,
  type Open,
} from '../../src/http-client/connection.ts'
import { readingInto } from '../../src/http-client/reading.ts'
import type { Ticker } from '../../src/http-client/ticker.ts'

export const REQUEST = Buffer.from('GET /hook HTTP/1.1\r\nhost: x\r\n\r\n')

export const LIMITS: ConnectionLimits = {
  headBytes: 1024,
  bodyBytes: 100,
  keptBytes: 10,
  wireBytes: 4096,
  bodyMs: 500,
}

/** A clock that stands, and a ticker that ticks, when the test says so. */
export const createTime = () => {
  const listeners = new Set<() => void>()
  const ticker: Ticker = { add: onTick => void listeners.add(onTick), delete: onTick => void listeners.delete(onTick) }
  let time = 1_000
  return {
    ticker,
    listeners,
    now: () => time,
    /** Lets this much time pass, and ticks. */
    pass: (ms: number) => {
      time += ms
      for (const onTick of listeners) onTick()
    },
  }
}

/** A socket to this port, as soon as it is connected. */
export const openTo =
  (port: number) =>
  async (signal: AbortSignal, onRead: (bytes: Buffer) => void): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', onread: readingInto(onRead) })
    socket.on('error', () => {})
    await once(socket, 'connect', { signal })
    return socket
  }

/** A connection that notes what becomes of it. */
export const createNoted = (
  open: Open,
  {
    limits = {},
    time = createTime(),
  }: { limits?: Partial<ConnectionLimits>; time?: ReturnType<typeof createTime> } = {},
) => {
  const events: ('free' | 'gone')[] = []
  const gone = Promise.withResolvers<void>()
  const connection: Connection = createConnection({
    open,
    now: time.now,
    ticker: time.ticker,
    limits: { ...LIMITS, ...limits },
    onFree: () => events.push('free'),
    onGone: () => {
      events.push('gone')
      gone.resolve()
    },
  })
  return {
    connection,
    time,
    events,
    gone: gone.promise,
    run: (request = REQUEST, timeoutMs = 1_000) =>
      new Promise<ExchangeEnd>(resolve => connection.run(request, timeoutMs, resolve)),
  }
}

/** The body as far as it was kept. */
export const textOf = ({ body }: ExchangeEnd): string => Buffer.concat(body).toString()
