import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from '../../test/support/certificate.ts'
import { answerMessages, openChild } from '../support/child.ts'
import { type Names, type Scheme, serverOptions, urlOf } from '../support/tls.ts'

const flood = (socket: Socket, chunk: string) => {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
    socket.once('drain', more)
  }
  more()
}
const drip = (socket: Socket, text: string, everyMs: number) => {
  const timer = setInterval(() => socket.write(text), everyMs)
  socket.once('close', () => clearInterval(timer))
}
const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`
const KB = 'x'.repeat(1024)

/** What each kind does once a request has begun to arrive; `wire` is the socket below TLS. */
const TEMPERS: Record<string, (socket: Socket, wire: Socket) => void> = {
  'endless body': socket => {
    socket.write(CHUNKED)
    flood(socket, `400\r\n${KB}\r\n`.repeat(16))
  },
  'chunk extensions': socket => {
    socket.write(CHUNKED)
    flood(socket, `1;${KB.repeat(8)}\r\nx\r\n`)
  },
  'header flood': socket => {
    socket.write(HEAD)
    flood(socket, `x: ${KB}\r\n`)
  },
  'endless 103': socket => flood(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
  'endless reason': socket => flood(socket, `HTTP/1.1 200 ${KB}`),
  'dripping headers': socket => {
    socket.write(`${HEAD}x: `)
    drip(socket, 'y', 100)
  },
  'dripping body': socket => {
    socket.write(`${HEAD}content-length: 100000\r\n\r\n`)
    drip(socket, 'y', 100)
  },
  'endless trailers': socket => {
    socket.write(`${CHUNKED}0\r\n`)
    flood(socket, `t: ${KB}\r\n`)
  },
  hang: () => {},
  reset: (_socket, wire) => void wire.resetAndDestroy(),
}

type Seen = Record<string, number>
interface Opening {
  receivers: number
  scheme: Scheme
  certificate: Certificate
}

/** The hostile receivers, in a process of their own, so that their memory and work are not the service's. */
const runHostile = () => {
  const seen: Seen = {}
  const tempers = Object.entries(TEMPERS)

  const listen = async (index: number, { scheme, certificate }: Opening): Promise<number> => {
    const [name, act] = tempers[index % tempers.length] ?? ['', () => {}]
    const wires = new Map<number, Socket>()
    const onSocket = (socket: Socket) => {
      const port = socket.remotePort ?? 0
      socket
        .on('error', () => {})
        .once('data', () => {
          seen[name] = (seen[name] ?? 0) + 1
          socket.resume()
          act(socket, wires.get(port) ?? socket)
        })
        .once('close', () => wires.delete(port))
    }
    const server = scheme === 'https' ? createTlsServer(serverOptions(certificate), onSocket) : createServer(onSocket)
    server.on('tlsClientError', () => {})
    if (scheme === 'https') server.on('connection', wire => wires.set(wire.remotePort ?? 0, wire))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  answerMessages(async (order: Opening | 'count') =>
    order === 'count'
      ? { ...seen }
      : Promise.all(Array.from({ length: order.receivers }, (_, index) => listen(index, order))),
  )
}

/** Opens this many hostile receivers, all kinds in turn; the names must have one host more. */
export const openHostile = async (
  receivers: number,
  { scheme, names: { certificate } }: { scheme: Scheme; names: Pick<Names, 'certificate'> },
) => {
  const child = openChild(import.meta.filename)
  // Attackers have machines of their own, so here they get only what nobody else wants of this one.
  setPriority(child.pid, 19)
  const ports = await child.ask<number[]>({ receivers, scheme, certificate })
  return {
    urls: ports.map((port, index) => urlOf(scheme, port, { index: index + 1, path: '/' })),
    count: () => child.ask<Seen>('count'),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

if (import.meta.main) runHostile()
