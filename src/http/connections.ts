import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  socket: Socket
  /** The exchange whose response has not been sent to its last byte; null: none. */
  exchange: { request: IncomingMessage; response: ServerResponse } | null
  /** When it last began or ended an exchange, in a counter over all connections. */
  idleSince: number
}

/**
 * Keeps at most `most` connections: when one more comes, the one idle longest is closed. One whose request is being
 * answered stays. Silent and slow peers count as idle, so they never keep others out.
 */
export const createConnections = ({ most }: { most: number }) => {
  const connections = new Map<Socket, Connection>()
  let idleCount = 0
  let isClosing = false

  /** Scans all connections, which is rare; keeping them in order would cost time in every request. */
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
     * Wraps the API so that it gets one request of a connection at a time. Sending the next one before the response has
     * gone out ends the connection: a thousand requests fit into a packet, but their responses do not fit into memory.
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

    /** Handles an idle socket. It stays while its response is being made and none of it waits to be taken. */
    timeOut: (socket: Socket): void => {
      const connection = connections.get(socket)
      if (!connection) socket.destroy()
      else if (!isAnswering(connection) || socket.writableLength > 0) drop(connection)
    },

    /** From now on each response ends its connection. Resolves when the responses under way have gone out. */
    drain: async (): Promise<void> => {
      isClosing = true
      const answers = [...connections.values()].filter(isAnswering).map(({ exchange }) => exchange?.response)
      await Promise.all(answers.map(answer => new Promise(resolve => answer?.once('close', resolve))))
    },

    /** Closes all idle connections now, and the others when their response has been taken. */
    closeIdle: (): void => {
      isClosing = true
      for (const connection of connections.values())
        if (!isAnswering(connection) && !isResponseEnded(connection)) drop(connection)
    },
  }
}

/** The response is complete; only the peer delays. */
const isResponseEnded = ({ exchange }: Connection): boolean => exchange?.response.writableEnded === true

/** Only a complete request is being answered; a slow sender or a slow reader counts as idle. */
const isAnswering = (connection: Connection): boolean =>
  connection.exchange?.request.complete === true && !isResponseEnded(connection)

/** Maximum number of bytes discarded after a response: eight batches of the largest size. */
const MAX_DRAINED_BYTES = 8 * 1024 * 1024

/**
 * Ends the connection if the response goes out before the whole request has come. Parsing the rest would cost some 3 s
 * a MiB in chunks of a byte; closing with it unread would reset the connection, perhaps before the sender has read the
 * response. So our side ends, and the rest is discarded unparsed until the sender closes, has sent 8 MiB, or Node's
 * `requestTimeout` is over.
 */
export const endUnreadBody =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    if (!hasBody(request)) return listener(request, response)
    prepare(request, response)
    // Otherwise up to 2 MiB of chunks are parsed before the listener runs. Reading the body resumes the socket.
    if (isChunked(request)) request.socket.pause()
    // By then all that came with the head has been parsed: a complete request keeps its connection.
    setImmediate(listener, request, response)
  }

const isChunked = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined
const hasBody = (request: IncomingMessage): boolean =>
  isChunked(request) || Number(request.headers['content-length'] ?? 0) > 0

/** One function for all responses: with a closure for each, V8 keeps their data until its next major collection. */
function writeHead(this: ServerResponse, ...head: Parameters<ServerResponse['writeHead']>) {
  // Otherwise the sender takes the connection for a persistent one.
  if (!this.req.complete) this.setHeader('connection', 'close')
  return ServerResponse.prototype.writeHead.apply(this, head)
}

const prepare = (request: IncomingMessage, response: ServerResponse): void => {
  const { socket } = request
  response.writeHead = writeHead as ServerResponse['writeHead']
  // Before Node's own listener, which would destroy the connection.
  response.prependOnceListener('finish', () => {
    if (!request.complete) drain(socket)
    // A refused body leaves its socket paused.
    else socket.resume()
  })
}

const drain = (socket: Socket): void => {
  let left = MAX_DRAINED_BYTES
  socket.destroySoon = () => socket.end()
  socket.removeAllListeners('data')
  // A `data` listener takes the connection from Node's parser.
  socket.on('data', (bytes: Buffer) => {
    left -= bytes.length
    if (left < 0) socket.destroy()
  })
  socket.end()
  socket.resume()
  // The parser may have stopped reading below the stream, where `resume` has no effect.
  socket._read(0)
}
