import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

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

const prepare = (request: IncomingMessage, response: ServerResponse): void => {
  const { socket } = request
  const { writeHead } = response
  // Otherwise the sender would take the connection for one that stays.
  response.writeHead = ((...head: Parameters<typeof writeHead>) => {
    if (!request.complete) response.setHeader('connection', 'close')
    return writeHead.apply(response, head)
  }) as typeof writeHead
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
