import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  socket: Socket
  /** The request that has not been answered to its last byte yet. */
  exchange: { request: IncomingMessage; response: ServerResponse } | null
  /** When it last began or ended an exchange, as a number that counts up over all connections. */
  idleSince: number
}

/**
 * Keeps at most `most` connections. When there is one more, the one that has been idle longest is closed. A connection whose request
 * is being answered stays; those that send nothing or send slowly, or do not take their answer, can never keep others out.
 */
export const createConnections = ({ most }: { most: number }) => {
  const connections = new Map<Socket, Connection>()
  let idleCount = 0
  let isClosing = false

  /** Searches all connections, which is rare; keeping them in order would cost time with every request. */
  const makeRoom = () => {
    let idlest: Connection | null = null
    for (const connection of connections.values())
      if (!isAnswering(connection) && (idlest === null || connection.idleSince < idlest.idleSince)) idlest = connection
    if (idlest) drop(idlest)
  }
  const drop = ({ socket }: Connection) => {
    connections.delete(socket)
    socket.destroy()
  }

  return {
    add: (socket: Socket): void => {
      connections.set(socket, { socket, exchange: null, idleSince: ++idleCount })
      socket.once('close', () => connections.delete(socket))
      if (connections.size > most) makeRoom()
    },

    /**
     * Stands before the API: it gets one request of a connection at a time. Whoever sends the next one before the answer
     * has gone out is cut off, because a thousand requests fit into a packet, and their answers into no memory.
     */
    gate:
      (listener: RequestListener): RequestListener =>
      (request, response) => {
        const connection = connections.get(request.socket)
        if (!connection) return
        if (connection.exchange) return drop(connection)
        connection.exchange = { request, response }
        connection.idleSince = ++idleCount
        if (isClosing) response.setHeader('connection', 'close')
        response.on('close', () => {
          connection.exchange = null
          connection.idleSince = ++idleCount
          if (isClosing) connection.socket.end()
        })
        listener(request, response)
      },

    /** Nothing has come from the socket, and nothing was taken of its answer, for as long as may be. It stays while there is nothing to take. */
    timeOut: (socket: Socket): void => {
      const connection = connections.get(socket)
      if (!connection) socket.destroy()
      else if (!isAnswering(connection) || socket.writableLength > 0) drop(connection)
    },

    /** Each answer ends its connection from now on. Resolves when those that are under way now have gone out. */
    drain: async (): Promise<void> => {
      isClosing = true
      const answers = [...connections.values()].filter(isAnswering).map(({ exchange }) => exchange?.response)
      await Promise.all(answers.map(answer => new Promise(resolve => answer?.once('close', resolve))))
    },

    /** Closes all idle connections now, and the others when their answer has been taken. */
    closeIdle: (): void => {
      isClosing = true
      for (const connection of connections.values())
        if (!isAnswering(connection) && !isSaid(connection)) drop(connection)
    },
  }
}

/** Everything has been said; only the peer delays. */
const isSaid = ({ exchange }: Connection): boolean => exchange?.response.writableEnded === true

/** Only a complete request is being answered; a slow sender or a slow reader counts as idle. */
const isAnswering = (connection: Connection): boolean =>
  connection.exchange?.request.complete === true && !isSaid(connection)

/** Of what comes after an answer: eight batches of the largest size. */
const MOST_DRAINED_BYTES = 8 * 1024 * 1024

/**
 * Ends the connection where the answer has gone out before all of the request has come. To parse the rest would cost some 3 s a
 * MiB if it comes in chunks of a byte; to close with it unread would reset the connection, perhaps before the sender has read
 * the answer. So the answer ends the connection from our side, and what still comes is thrown away unparsed, until the sender
 * closes, has sent 8 MiB, or Node's `requestTimeout` is over.
 */
export const endUnreadBody =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    if (!hasBody(request)) return listener(request, response)
    prepare(request, response)
    // Up to 2 MiB of chunks would be parsed before the listener runs. Whoever reads the body resumes it.
    if (isChunked(request)) request.socket.pause()
    // By then all that came with the head has been parsed: a request that is whole keeps its connection.
    setImmediate(listener, request, response)
  }

const isChunked = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined
const hasBody = (request: IncomingMessage): boolean =>
  isChunked(request) || Number(request.headers['content-length'] ?? 0) > 0

/** One for all responses: with a closure for each, V8 keeps what was answered until its next major collection. */
function writeHead(this: ServerResponse, ...head: Parameters<ServerResponse['writeHead']>) {
  // Otherwise the sender would take the connection for one that stays.
  if (!this.req.complete) this.setHeader('connection', 'close')
  return ServerResponse.prototype.writeHead.apply(this, head)
}

const prepare = (request: IncomingMessage, response: ServerResponse): void => {
  const { socket } = request
  response.writeHead = writeHead as ServerResponse['writeHead']
  // Before Node's own listener, which would destroy the connection.
  response.prependOnceListener('finish', () => {
    if (!request.complete) drain(socket)
    // Whoever refuses a body pauses it.
    else socket.resume()
  })
}

const drain = (socket: Socket): void => {
  let left = MOST_DRAINED_BYTES
  socket.destroySoon = () => socket.end()
  socket.removeAllListeners('data')
  // A listener takes the connection from Node's parser.
  socket.on('data', (bytes: Buffer) => {
    left -= bytes.length
    if (left < 0) socket.destroy()
  })
  socket.end()
  socket.resume()
  // The parser may have stopped the reading below the stream, which `resume` does not know.
  socket._read(0)
}
