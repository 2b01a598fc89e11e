import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { DENIED, METADATA, PORT, PROXY, PUBLIC, PUBLIC_V6 } from './addresses.ts'

export interface Listener {
  address: string
  /** Connections accepted so far, and those open now. */
  connections: number
  open: number
}

const listenAt = async (address: string, port: number, answer: RequestListener) => {
  const listener: Listener = { address, connections: 0, open: 0 }
  const server = createServer(answer)
  server.on('connection', socket => {
    listener.connections++
    listener.open++
    socket.on('error', () => {}).once('close', () => listener.open--)
  })
  server.listen(port, address)
  await once(server, 'listening')
  server.unref()
  return { listener, server }
}

/** A receiver on each public address; `/redirect` leads to the metadata service. */
export const openPublic = async (): Promise<Listener[]> => {
  const listeners = [PUBLIC, PUBLIC_V6].map(address =>
    listenAt(address, PORT, (request, response) => {
      request.resume()
      if (request.url === '/redirect') response.writeHead(307, { location: `http://${METADATA}:${PORT}/` })
      response.end('ok')
    }),
  )
  return (await Promise.all(listeners)).map(({ listener }) => listener)
}

/** Something on each denied address that would answer everything. */
export const openDenied = async (): Promise<Listener[]> =>
  (
    await Promise.all(
      DENIED.map(address =>
        listenAt(address, PORT, (request, response) => {
          request.resume()
          response.end('secret')
        }),
      ),
    )
  ).map(({ listener }) => listener)

/** An egress proxy that connects to anything, and the requests to it. */
export const openEgressProxy = async () => {
  const asked: string[] = []
  const { listener, server } = await listenAt(PROXY, 3128, (request, response) => {
    asked.push(request.url ?? '')
    response.end()
  })
  server.on('connect', (request, socket) => {
    const authority = request.url ?? ''
    asked.push(authority)
    const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d+)$/.exec(authority) ?? []
    const further = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const side of [socket, further]) side.on('error', () => {})
    socket.pipe(further).pipe(socket)
  })
  return { asked, listener, url: `http://${PROXY}:3128` }
}

export const totalOf = (listeners: readonly Listener[]): number =>
  listeners.reduce((sum, { connections }) => sum + connections, 0)
