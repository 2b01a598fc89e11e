import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { SECOND } from '../core/duration.ts'
import { limitConnections } from './connections.ts'

/** Times in ms: the longest that a caller who sends slowly, or never finishes, can hold a connection. */
export interface ListenLimits {
  /** From the connection to the last header. */
  headersTimeout: number
  /** From the connection to the end of the body. */
  requestTimeout: number
  keepAliveTimeout: number
  /** How often Node's server checks these limits. */
  connectionsCheckingInterval: number
  mostConnections: number
}

const LIMITS: ListenLimits = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  keepAliveTimeout: 5 * SECOND,
  connectionsCheckingInterval: SECOND,
  mostConnections: 4_096,
}
const MOST_HEADER_BYTES = 16 * 1024

type Fetch = Parameters<typeof serve>[0]['fetch']

/** Listens. Rejects with a sentence for the operator if it cannot. */
export const listen = (
  fetch: Fetch,
  { host, port, limits = LIMITS }: { host: string; port: number; limits?: ListenLimits },
) =>
  new Promise<{ url: string; close(): Promise<void> }>((resolve, reject) => {
    const { mostConnections, ...times } = limits
    const serverOptions = { ...times, maxHeaderSize: MOST_HEADER_BYTES }
    const server = serve({ fetch, hostname: host, port, serverOptions }, ({ port: bound }) => {
      const shown = host.includes(':') ? `[${host}]` : host
      resolve({ url: `http://${shown}:${bound}`, close })
    }) as Server // `serve` creates an HTTP/1 server unless it is given another `createServer`.
    const connections = limitConnections(server, mostConnections)
    const close = () =>
      new Promise<void>(closed => {
        server.close(() => closed())
        connections.closeIdle()
      })
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${host}:${port} (${error.code}); set HOST and PORT to a free address`)),
    )
  })
