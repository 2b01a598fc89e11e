import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createLane, type LaneEnd, TICK_MS } from '../../src/callback/lane.ts'
import { createTicker } from '../../src/callback/ticker.ts'
import { createNetworks } from '../../src/core/address.ts'
import { judgeUrl } from '../../src/core/callback-url.ts'
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

const networks = createNetworks(['127.0.0.0/8'])

/** Sends once, and counts what was read of the answer. */
const readFrom = async (url: string): Promise<{ end: LaneEnd; bytesRead: number }> => {
  if (!networks.ok) throw new Error(networks.message)
  const verdict = judgeUrl(url, { allowHttp: true, allowed: networks.networks })
  if (!verdict.ok) throw new Error(verdict.message)
  const sockets: Socket[] = []
  const lane = createLane({
    target: verdict.url,
    connect: async ({ hostname, port }) => {
      const socket = connect(port, hostname)
      socket.on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      return socket
    },
    now: () => performance.now(),
    ticker: createTicker(TICK_MS),
    onFree: () => {},
    onGone: () => {},
  })
  const end = await new Promise<LaneEnd>(resolve => {
    lane.run({ path: '/', headers: [], body: '{}', timeoutMs: 5_000 }, resolve)
  })
  await lane.close()
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
    expect(end.outcome.kind).toBe(kind)
    expect(bytesRead).toBeLessThan(512 * 1024)
  })
})
