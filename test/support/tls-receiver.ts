import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket, type TlsOptions } from 'node:tls'
import { createAuthority } from './certificate.ts'
import { OK } from './raw-receiver.ts'

export interface TlsReceiver extends AsyncDisposable {
  /** `https://127.0.0.1:port/hook`. */
  url: string
  port: number
  /** Connections whose handshake ended well, so far. */
  connections(): number
  requests(): number
}

/** Issues certificates that this process trusts. */
export const trustedAuthority = (now = new Date()): ReturnType<typeof createAuthority> => {
  const authority = createAuthority(now)
  setDefaultCACertificates([...getCACertificates('default'), authority.cert])
  return authority
}

/** A receiver on 127.0.0.1 that speaks TLS. A request is what arrives in one read; `answer` is called for each. */
export const openTlsReceiver = async (
  options: TlsOptions,
  answer: (socket: TLSSocket, index: number) => void = socket => void socket.write(OK),
): Promise<TlsReceiver> => {
  const sockets = new Set<TLSSocket>()
  let [connections, requests] = [0, 0]
  const server = createServer(options, socket => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', () => answer(socket, requests++))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}/hook`,
    port,
    connections: () => connections,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
