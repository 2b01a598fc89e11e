import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { StartError } from '../core/error.ts'
import { createConnections } from './connections.ts'
import { requireHost } from './host.ts'
import { explainListening } from './listen-failure.ts'
import { endUnreadBody } from './unread-body.ts'
import type { WaitingRoom } from './waiting-room.ts'

/** Times in ms: the longest that a caller who sends slowly, or never finishes, can hold a connection. */
export interface ListenLimits {
  /** From the connection to the last header. */
  headersTimeout: number
  /** From the connection to the end of the body. */
  requestTimeout: number
  keepAliveTimeout: number
  /** From the end of an answer to the moment when the caller has taken all of it. */
  takingTimeout: number
  /** How often these limits are checked. */
  connectionsCheckingInterval: number
  mostConnections: number
}

export const LIMITS: ListenLimits = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  keepAliveTimeout: 5 * SECOND,
  takingTimeout: 15 * SECOND,
  connectionsCheckingInterval: SECOND,
  mostConnections: 4_096,
}
const MOST_HEADER_BYTES = 16 * 1024

type Fetch = Parameters<typeof getRequestListener>[0]

interface ListenOptions {
  host: string
  port: number
  sleep: Clock['sleep']
  waitingRoom: Pick<WaitingRoom, 'endLongestWait'>
  limits?: ListenLimits
}

/** Listens. Rejects with a sentence for the operator if it cannot. */
export const listen = (fetch: Fetch, { host, port, sleep, waitingRoom, limits = LIMITS }: ListenOptions) =>
  new Promise<{ url: string; drain(): Promise<void>; close(): Promise<void> }>((resolve, reject) => {
    const { mostConnections, takingTimeout, ...times } = limits
    const { connectionsCheckingInterval } = limits
    const connections = createConnections({
      most: mostConnections,
      mostUntakenLooks: takingTimeout / connectionsCheckingInterval,
      endLongestWait: waitingRoom.endLongestWait,
    })
    const listener = getRequestListener(fetch, {
      hostname: host,
      // `endUnreadBody` sees to what is left of a body.
      autoCleanupIncoming: false,
    })
    const server = createServer(
      { ...times, maxHeaderSize: MOST_HEADER_BYTES },
      connections.gate(endUnreadBody(requireHost(listener))),
    )
    server.on('connection', connections.add)
    const closing = new AbortController()
    const keepLooking = async () => {
      while (!closing.signal.aborted) {
        connections.look()
        await sleep(connectionsCheckingInterval, closing.signal).catch(() => {})
      }
    }
    const close = () =>
      new Promise<void>(closed => {
        server.close(() => {
          closing.abort()
          closed()
        })
        connections.closeIdle()
      })
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new StartError(explainListening(error, { host, port }))),
    )
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo
      const shown = host.includes(':') ? `[${host}]` : host
      void keepLooking()
      resolve({ url: `http://${shown}:${bound}`, drain: connections.drain, close })
    })
  })
