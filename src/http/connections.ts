import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keeps at most `most` connections: where another one comes, the one that has kept still longest has to go. One that is
 * being answered stays; one that has sent nothing, half a request, or all of it long ago does not lock anybody out.
 */
export const limitConnections = (server: Server, most: number) => {
  /** With the request that came last; in the order in which they came to rest. */
  const requests = new Map<Socket, IncomingMessage | null>()
  let isClosing = false

  const closeOldest = () => {
    for (const [socket, request] of requests) if (!isAnswered(request)) return drop(socket)
  }
  const drop = (socket: Socket) => {
    requests.delete(socket)
    socket.destroy()
  }
  const rest = (socket: Socket) => {
    if (!requests.delete(socket)) return
    requests.set(socket, null)
    if (isClosing) socket.end()
  }

  server.on('connection', (socket: Socket) => {
    requests.set(socket, null)
    socket.once('close', () => requests.delete(socket))
    if (requests.size > most) closeOldest()
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    if (requests.has(socket)) requests.set(socket, request)
    response.on('close', () => {
      if (requests.get(socket) === request) rest(socket)
    })
  })

  return {
    /** Closes what is not being answered, and the others once they are. */
    closeIdle: () => {
      isClosing = true
      for (const [socket, request] of requests) if (!isAnswered(request)) drop(socket)
    },
  }
}

/** Once it has come whole; who sends slowly may do so for as long as nobody else needs the place. */
const isAnswered = (request: IncomingMessage | null): boolean => request?.complete === true
