import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Certificate } from './certificate.ts'
import { listen } from './listen.ts'

interface ProxySettings {
  /** Its behaviour when it opens no tunnel. */
  refusal?: (client: Socket) => unknown
  /** With one it is spoken to over TLS. */
  certificate?: Certificate
}

/** An egress proxy that opens every tunnel to this machine, whatever the address. */
export const openProxy = async (portOf: () => number, { refusal, certificate }: ProxySettings = {}) => {
  const asked: IncomingMessage[] = []
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request)
    response.end()
  }
  const server = certificate ? createSecureServer(certificate, answer) : createServer(answer)
  server.on('connect', (request, client) => {
    asked.push(request)
    client.on('error', () => {})
    if (refusal) return void refusal(client as Socket)
    const upstream = connect(portOf(), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  return { ...(await listen(server)), protocol: 'http:', asked }
}
