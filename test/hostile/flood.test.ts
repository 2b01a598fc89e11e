import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type Exchange, openClient } from '../../src/http-client/client.ts'
import { clockWith } from '../support/clock.ts'
import { flood, openRawReceiver } from '../support/raw-receiver.ts'

const KB = 'x'.repeat(1024)
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

const KB_BYTES = 1024
const LIMITS = {
  headBytes: 16 * KB_BYTES,
  bodyBytes: 16 * KB_BYTES,
  keptBytes: KB_BYTES,
  totalBytes: 64 * KB_BYTES,
  connectMs: 5_000,
  bodyMs: 5_000,
}

/** Sends once, and counts the bytes read of the answer. */
const readFrom = async (port: number): Promise<{ exchange: Exchange; bytesRead: number }> => {
  const sockets: Socket[] = []
  const client = openClient({
    connect: async origin => {
      const socket = connect(origin.port, origin.hostname)
      socket.on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      return socket
    },
    limits: LIMITS,
    retries: 'unsent',
    clock: clockWith(),
  })
  const origin = { protocol: 'http:', hostname: '127.0.0.1', port, host: 'x' } as const
  const request = { method: 'POST', path: '/', headers: [], body: '{}' } as const
  const exchange = await client.send({ key: '', origin }, request, 5_000)
  client.close()
  return { exchange, bytesRead: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0) }
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
    const { exchange, bytesRead } = await readFrom(receiver.port)
    expect(exchange.head === null ? 'failed' : 'answered').toBe(kind)
    expect(bytesRead).toBeLessThan(512 * 1024)
  })
})
