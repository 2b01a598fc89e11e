import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MINUTE } from '../core/duration.ts'

/** Listens, at a free port if `port` is 0. Rejects with the system's error (EADDRINUSE, EACCES, …). */
export const openServer = async (listener: RequestListener, { host, port }: { host: string; port: number }) => {
  const server = createServer({ keepAliveTimeout: 2 * MINUTE }, listener)
  server.listen({ host, port, backlog: 4096 })
  await once(server, 'listening')
  const address = server.address() as AddressInfo // a TCP server that listens has one
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    /** Cuts all connections. */
    close: async (): Promise<void> => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
