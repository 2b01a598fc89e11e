import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { openUpstream, type Upstream, type UpstreamAccount } from '../../src/upstream/upstream.ts'
import { clockWith } from '../support/clock.ts'

const PATH = '/idcard/idface/GetResult.json'

/** Where our clock stands in every test here. */
export const NOW = Date.UTC(2026, 10, 24, 8)

export const API_ID = 'MARK-api-id'
export const API_KEY = 'MARK+api/key&=?'
export const SERIAL = '16236437872836'

export const accountWith = (some: Partial<UpstreamAccount> = {}): UpstreamAccount => ({
  id: 'acc_1',
  apiId: API_ID,
  apiKey: new Secret(API_KEY),
  passwordMode: 'dynamic',
  ...some,
})

export const openClient = (
  url: string,
  { now = () => NOW, ...some }: Partial<Parameters<typeof openUpstream>[0]> & { now?: () => number } = {},
): Upstream => {
  const upstream = openUpstream({
    url,
    method: 'POST',
    timeoutMs: 5000,
    userAgent: 'idface-notifier/test',
    clock: clockWith(undefined, now),
    ...some,
  })
  onTestFinished(() => upstream.close())
  return upstream
}

const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port

/** Serves `listener` on a free port until the test is over. */
export const serve = async (server: Server, protocol: 'http' | 'https' = 'http'): Promise<string> => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${protocol}://127.0.0.1:${portOf(server)}${PATH}`
}

export interface Asked {
  method: string
  path: string
  headers: IncomingHttpHeaders
  params: URLSearchParams
}

/** A GetResult that answers with `answer` and records its calls. */
export const serveAnswers = async (
  answer: (response: ServerResponse, asked: Asked) => void,
): Promise<{ url: string; asked: Asked[] }> => {
  const asked: Asked[] = []
  const listener: RequestListener = (request, response) => {
    void text(request).then(body => {
      const [path = '', query = ''] = (request.url ?? '').split('?')
      const { method = '', headers } = request
      asked.push({ method, path, headers, params: new URLSearchParams(method === 'POST' ? body : query) })
      answer(response, asked[asked.length - 1] as Asked)
    })
  }
  return { url: await serve(createHttpServer(listener)), asked }
}

/** A server that sends the bytes of `onRequest`, once the request has come in. */
export const serveRaw = async (onRequest: (socket: Socket) => void): Promise<string> => {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => onRequest(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server)}${PATH}`
}
