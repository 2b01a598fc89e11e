import { once } from 'node:events'
import { createServer as createPlainServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from '../../test/support/certificate.ts'
import { answerMessages, openChild } from './child.ts'
import { type Names, type Scheme, serverOptions, urlOf } from './tls.ts'

type Order = { kind: 'open'; certificate: Certificate } | { kind: 'seen' }
type Ports = Record<Scheme, number>
export interface Seen {
  /** Of the secure server, so far. */
  handshakes: number
}

/** A receiver that answers 200 to everything and counts handshakes, as cheaply as node:http can, with TLS and without. */
const runReceiver = () => {
  const seen: Seen = { handshakes: 0 }
  const answer: RequestListener = (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-length': 2 }).end('ok')
  }

  const open = async (certificate: Certificate): Promise<Ports> => {
    const kept = { keepAliveTimeout: 60_000 }
    const secure = createSecureServer({ ...kept, ...serverOptions(certificate) }, answer)
    secure.on('secureConnection', () => {
      seen.handshakes++
    })
    const ports = [secure, createPlainServer(kept, answer)].map(async server => {
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    })
    const [https = 0, http = 0] = await Promise.all(ports)
    return { https, http }
  }

  answerMessages(async (order: Order) => (order.kind === 'open' ? { ...(await open(order.certificate)) } : { ...seen }))
}

/** The receiver in a process of its own. */
export const openReceiver = async ({ certificate }: Pick<Names, 'certificate'>) => {
  const child = openChild(import.meta.filename)
  const ports = await child.ask<Ports>({ kind: 'open', certificate })
  return {
    urlOf: (scheme: Scheme, index = 0) => urlOf(scheme, ports[scheme], { index }),
    seen: () => child.ask<Seen>({ kind: 'seen' }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

if (import.meta.main) runReceiver()
