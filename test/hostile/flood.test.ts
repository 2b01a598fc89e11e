import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createConnection, type ExchangeEnd } from '../../src/http-client/connection.ts'
import { writeRequest } from '../../src/http-client/request.ts'
import { createTicker } from '../../src/http-client/ticker.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'

const KB = 'x'.repeat(1024)
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

const flood = (socket: Socket, chunk: string) => {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
    socket.once('drain', more)
  }
  more()
}

const KB_BYTES = 1024
const LIMITS = {
  headBytes: 16 * KB_BYTES,
  bodyBytes: 16 * KB_BYTES,
  keptBytes: KB_BYTES,
  wireBytes: 64 * KB_BYTES,
  bodyMs: 5_000,
}

/** Sends once, and counts what was read of the answer. */
const readFrom = async (url: string): Promise<{ end: ExchangeEnd; bytesRead: number }> => {
  const { hostname, port, host } = new URL(url)
  const sockets: Socket[] = []
  const connection = createConnection({
    open: async (_signal, onRead) => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      socket.on('data', onRead)
      return socket
    },
    now: () => performance.now(),
    ticker: createTicker(50),
    limits: LIMITS,
    onFree: () => {},
    onGone: () => {},
  })
  const request = writeRequest({ method: 'POST', path: '/', host, headers: [], body: '{}' })
  const end = await new Promise<ExchangeEnd>(resolve => {
    connection.run(request, 5_000, resolve)
  })
  connection.close()
  return { end, bytesRead: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0) }
}

describe('R5 an answer that floods', () => {
  test.each([
    ['chunk extensions', CHUNKED, `1;${KB.repeat(8)}\r\nx\r\n`, 'answered'],
    ['its body', CHUNKED, `400\r\n${KB}\r\n`.repeat(16), 'answered'],
    ['its trailers', `${CHUNKED}0\r\n`, `t: ${KB}\r\n`, 'answered'],
    ['its headers', 'HTTP/1.1 200 OK\r\n', `x: ${KB}\r\n`, 'failed'],
    ['103 without end', '', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', 'failed'],
    ['its reason phrase', 'HTTP/1.1 200 ', KB, 'failed'],
  ])('with %s is read no further than a few buffers', async (_what, head, chunk, kind) => {
    await using receiver = await openRawReceiver(socket => {
      socket.write(head)
      flood(socket, chunk)
    })
    const { end, bytesRead } = await readFrom(receiver.url)
    expect(end.head === null ? 'failed' : 'answered').toBe(kind)
    expect(bytesRead).toBeLessThan(512 * 1024)
  })
})
