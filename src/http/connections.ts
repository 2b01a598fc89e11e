import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  socket: Socket
  /** The request that came last; null once it has been answered, or before there is one. */
  request: IncomingMessage | null
  /** Which of all that came to rest it was, the last time. */
  rested: number
}

/**
 * Keeps at most `most` connections: where another one comes, the one that has kept still longest has to go. One that is
 * being answered stays; one that has sent nothing, half a request, or all of it long ago does not lock anybody out.
 */
export const limitConnections = (server: Server, most: number) => {
  const connections = new Map<Socket, Connection>()
  let rests = 0
  let isClosing = false

  /** Looked for when there are too many: to keep them in order would cost every request. */
  const closeOldest = () => {
    let oldest: Connection | null = null
    for (const connection of connections.values())
      if (!isAnswered(connection) && (oldest === null || connection.rested < oldest.rested)) oldest = connection
    if (oldest) drop(oldest)
  }
  const drop = ({ socket }: Connection) => {
    connections.delete(socket)
    socket.destroy()
  }

  server.on('connection', (socket: Socket) => {
    connections.set(socket, { socket, request: null, rested: ++rests })
    socket.once('close', () => connections.delete(socket))
    if (connections.size > most) closeOldest()
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(request.socket)
    if (!connection) return
    connection.request = request
    response.on('close', () => {
      if (connection.request !== request) return
      connection.request = null
      connection.rested = ++rests
      if (isClosing) connection.socket.end()
    })
  })

  return {
    /** Closes what is not being answered, and the others once they are. */
    closeIdle: () => {
      isClosing = true
      for (const connection of connections.values()) if (!isAnswered(connection)) drop(connection)
    },
  }
}

/** Once it has come whole; who sends slowly may do so for as long as nobody else needs the place. */
const isAnswered = ({ request }: Connection): boolean => request?.complete === true
