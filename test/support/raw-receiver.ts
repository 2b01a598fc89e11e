import { createServer, type Socket } from 'node:net'
import { listen } from './listen.ts'

/** How many bytes of `text` (latin1) the first request takes; 0 while it is incomplete. */
const requestLength = (text: string): number => {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1] ?? 0)
  return end >= 0 && text.length >= end + 4 + length ? end + 4 + length : 0
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Writes as long as the peer reads. */
export const flood = (socket: Socket, chunk: string): void => {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
    socket.once('drain', more)
  }
  more()
}

/** A receiver that may do anything: `answer` is called for each whole request, `accept` for each connection. */
export const openRawReceiver = async (
  answer: (socket: Socket, index: number) => void = socket => void socket.write(OK),
  accept: (socket: Socket) => void = () => {},
) => {
  const requests: string[] = []
  let connections = 0
  const server = createServer(socket => {
    connections++
    let pending = ''
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', chunk => {
      pending += chunk
      for (let length = requestLength(pending); length > 0; length = requestLength(pending)) {
        requests.push(pending.slice(0, length))
        pending = pending.slice(length)
        answer(socket, requests.length - 1)
      }
    })
    accept(socket)
  })
  const listening = await listen(server)
  return {
    ...listening,
    url: `http://127.0.0.1:${listening.port}/hook`,
    /** Whole requests, as they were received. */
    requests,
    /** Connections accepted so far. */
    connections: () => connections,
  }
}
