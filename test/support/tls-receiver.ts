import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket, type TlsOptions } from 'node:tls'
import { createAuthority } from './certificate.ts'
import { listen } from './listen.ts'
import { OK } from './raw-receiver.ts'

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
) => {
  let [connections, requests] = [0, 0]
  const server = createServer(options, socket => {
    connections++
    socket.on('error', () => {}).on('data', () => answer(socket, requests++))
  })
  server.on('tlsClientError', () => {})
  const listening = await listen(server)
  return {
    ...listening,
    url: `https://127.0.0.1:${listening.port}/hook`,
    /** Connections whose handshake ended well, so far. */
    connections: () => connections,
    requests: () => requests,
  }
}
