import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MINUTE } from '../core/duration.ts'

interface ServerOptions {
  host: string
  /** 0 takes a free port. */
  port: number
}

/** Listens, or rejects with the system's error (EADDRINUSE, EACCES, …). */
export const openServer = async (listener: RequestListener, { host, port }: ServerOptions) => {
  const server = createServer({ keepAliveTimeout: 2 * MINUTE }, listener)
  server.listen({ host, port, backlog: 4096 })
  await once(server, 'listening')
  const address = server.address() as AddressInfo // a TCP server that listens has one
  const timers = new Set<NodeJS.Timeout>()
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    /** Runs something after `ms`, at once for 0; not any more once the server is closed. */
    after: (ms: number, run: () => void): void => {
      if (ms === 0) {
        run()
        return
      }
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, ms)
      timers.add(timer)
    },
    /** Cuts every connection. */
    close: async (): Promise<void> => {
      for (const timer of timers) clearTimeout(timer)
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
