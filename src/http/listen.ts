import { type ServerType, serve } from '@hono/node-server'
import { SECOND } from '../core/duration.ts'

/** A caller that sends slowly, or never ends, holds a connection for this long and no longer. */
const SERVER_LIMITS = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  keepAliveTimeout: 5 * SECOND,
  connectionsCheckingInterval: SECOND,
  maxHeaderSize: 16 * 1024,
}
const MOST_CONNECTIONS = 4_096

type Fetch = Parameters<typeof serve>[0]['fetch']

/** Listens, and rejects with a plain sentence when it cannot. */
export const listen = (fetch: Fetch, { host, port }: { host: string; port: number }) =>
  new Promise<{ url: string; close(): Promise<void> }>((resolve, reject) => {
    const options = { fetch, hostname: host, port, serverOptions: SERVER_LIMITS }
    const server = serve(options, ({ port: bound }) => {
      const shown = host.includes(':') ? `[${host}]` : host
      resolve({ url: `http://${shown}:${bound}`, close: () => closeServer(server) })
    })
    server.maxConnections = MOST_CONNECTIONS
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${host}:${port} (${error.code}); set HOST and PORT to a free one`)),
    )
  })

const closeServer = (server: ServerType) =>
  new Promise<void>(resolve => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
