import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A reverse proxy that shows a service below a prefix, which it takes off before it sends a request on. */
export const openPrefixProxy = async (target: string, prefix: string) => {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? ''
    if (!path.startsWith(`${prefix}/`)) {
      outgoing.writeHead(404, { 'content-type': 'text/plain' }).end('beside the prefix')
      return
    }
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'http', 'x-forwarded-prefix': prefix }
    incoming.pipe(
      request(new URL(path.slice(prefix.length), target), { method: incoming.method, headers }, answer => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      }),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
