import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type Connection,
  createConnection,
  type Exchange,
  type ExchangeEnd,
  type Limits,
  type Open,
} from '../../src/http-client/connection.ts'
import { readingInto } from '../../src/http-client/socket.ts'

export const REQUEST = Buffer.from('GET /hook HTTP/1.1\r\nhost: x\r\n\r\n')

export const LIMITS: Limits = {
  headBytes: 1024,
  bodyBytes: 100,
  keptBytes: 10,
  totalBytes: 4096,
  connectMs: 2_000,
  bodyMs: 500,
}

/** A clock that moves when the test lets it. */
export const createTime = () => {
  const watchers = new Set<() => void>()
  const sleepers = new Set<() => void>()
  let time = 1_000
  return {
    now: () => time,
    clock: {
      now: () => time,
      monotonic: () => time,
      threadCpu: () => 0,
      sleep: () => new Promise<void>(resolve => sleepers.add(resolve)),
    },
    sleeping: () => sleepers.size,
    watch: (onPass: () => void) => void watchers.add(onPass),
    /** Advances the clock by this much; due sleepers wake up. */
    pass: (ms: number) => {
      time += ms
      for (const onPass of watchers) onPass()
      for (const wake of sleepers) wake()
      sleepers.clear()
    },
  }
}

/** A socket to this port, as soon as it is connected. */
export const openTo =
  (port: number) =>
  async ({ signal, onRead }: Pick<Parameters<Open>[0], 'signal' | 'onRead'>): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', onread: readingInto(onRead) })
    socket.on('error', () => {})
    await once(socket, 'connect', { signal })
    return socket
  }

/** A connection, and its reports. */
export const createWatched = (
  open: Open,
  { limits = {}, time = createTime() }: { limits?: Partial<Limits>; time?: ReturnType<typeof createTime> } = {},
) => {
  const events: ('free' | 'gone')[] = []
  const gone = Promise.withResolvers<void>()
  const connection: Connection = createConnection({
    open,
    now: time.now,
    limits: { ...LIMITS, ...limits },
    onFree: () => events.push('free'),
    onGone: () => {
      events.push('gone')
      gone.resolve()
    },
  })
  time.watch(connection.expire)
  return {
    connection,
    time,
    events,
    gone: gone.promise,
    run: (request = REQUEST, timeoutMs = 1_000) =>
      new Promise<ExchangeEnd>(resolve => connection.run({ bytes: request, mayWrite: () => true }, timeoutMs, resolve)),
  }
}

/** As much of the body as was kept. */
export const textOf = ({ body }: Exchange): string => body.toString()
