import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  socket: Socket
  /** The last request; null before the first one, and once it has been answered. */
  request: IncomingMessage | null
  /** When it last became idle, as a number that counts up over all connections. */
  idleSince: number
}

/**
 * Keeps at most `most` connections. When there is one more, the one that has been idle longest is closed. Connections whose
 * request is being answered stay; those that send nothing, or send slowly, can never keep others out.
 */
export const limitConnections = (server: Server, most: number) => {
  const connections = new Map<Socket, Connection>()
  let idleCount = 0
  let isClosing = false

  /** Searches all connections, which is rare; keeping them in order would cost time with every request. */
  const closeIdlest = () => {
    let idlest: Connection | null = null
    for (const connection of connections.values())
      if (!isAnswering(connection) && (idlest === null || connection.idleSince < idlest.idleSince)) idlest = connection
    if (idlest) drop(idlest)
  }
  const drop = ({ socket }: Connection) => {
    connections.delete(socket)
    socket.destroy()
  }

  server.on('connection', (socket: Socket) => {
    connections.set(socket, { socket, request: null, idleSince: ++idleCount })
    socket.once('close', () => connections.delete(socket))
    if (connections.size > most) closeIdlest()
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(request.socket)
    if (!connection) return
    connection.request = request
    response.on('close', () => {
      if (connection.request !== request) return
      connection.request = null
      connection.idleSince = ++idleCount
      if (isClosing) connection.socket.end()
    })
  })

  return {
    /** Closes all idle connections now, and the others when their request has been answered. */
    closeIdle: () => {
      isClosing = true
      for (const connection of connections.values()) if (!isAnswering(connection)) drop(connection)
    },
  }
}

/** Only a complete request is being answered; a slow sender counts as idle. */
const isAnswering = ({ request }: Connection): boolean => request?.complete === true
