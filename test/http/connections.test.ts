import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { createConnections } from '../../src/http/connections.ts'
import { head, openRawClient } from '../attack/support/raw-client.ts'

/** Waits for a state that nothing tells of. */
const eventually = (expectation: () => unknown) => vi.waitFor(expectation, { interval: 5, timeout: 15_000 })
const MIB = 1024 * 1024
/** More than the buffers of a connection on both sides hold. */
const LARGE = Buffer.alloc(32 * MIB, 'x')

/** Answers everything with 32 MiB, `/short` with two bytes and `/never` not at all. */
const answer: RequestListener = (request, response) => {
  if (!request.url?.startsWith('/never')) response.end(request.url === '/short' ? 'ok' : LARGE)
}

const openGated = async ({ most = 100, mostUntakenLooks = 3, endLongestWait = (): boolean => false } = {}) => {
  const connections = createConnections({ most, mostUntakenLooks, endLongestWait })
  const handled: string[] = []
  const sockets: Socket[] = []
  const gate = connections.gate((request, response) => {
    handled.push(request.url ?? '')
    answer(request, response)
  })
  const server = createServer(gate)
  server.on('connection', connections.add)
  server.on('connection', socket => sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    connections,
    handled,
    sockets,
    open: (line: string) => openCaller(url, line, () => eventually(() => expect(handled).toContain(line))),
    openIdle: () => openRawClient(url),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const openCaller = async (url: string, path: string, handled: () => Promise<unknown>) => {
  const client = await openRawClient(url)
  client.socket.pause()
  client.send(head(`GET ${path}`))
  await handled()
  return client
}

test('a caller that does not take its answer is cut off after a number of looks', async () => {
  await using server = await openGated({ mostUntakenLooks: 3 })
  await using _ = await server.open('/large')
  // The first look only sees how much the peer's system has taken by then.
  for (let n = 0; n < 4; n++) server.connections.look()
  expect(server.sockets[0]?.destroyed).toBe(false)
  server.connections.look()
  expect(server.sockets[0]?.destroyed).toBe(true)
})

test('a caller that takes its answer slowly is not cut off while it goes on', async () => {
  await using server = await openGated({ mostUntakenLooks: 1 })
  await using caller = await server.open('/large')
  const handle = () => (server.sockets[0] as unknown as { _handle: { writeQueueSize: number } | null })._handle
  for (let n = 0; n < 4; n++) {
    server.connections.look()
    const before = handle()?.writeQueueSize ?? 0
    caller.socket.resume()
    await eventually(() => expect(handle()?.writeQueueSize ?? 0).toBeLessThan(Math.max(1, before)))
    caller.socket.pause()
    expect(server.sockets[0]?.destroyed).toBe(false)
  }
})

test('a caller that takes a byte now and then kept its answer in memory for hours: it is cut off', async () => {
  await using server = await openGated({ mostUntakenLooks: 5 })
  await using _ = await server.open('/large')
  const [socket] = server.sockets
  let untaken = 10 * MIB
  vi.spyOn(socket as Socket, 'writableLength', 'get').mockImplementation(() => --untaken)
  server.connections.look()
  for (let n = 0; n < 5; n++) server.connections.look()
  expect(socket?.destroyed).toBe(false)
  server.connections.look()
  expect(socket?.destroyed).toBe(true)
})

test('a caller that took its answer, or waits for one, is not cut off', async () => {
  await using server = await openGated({ mostUntakenLooks: 3 })
  await using _ = await server.open('/short')
  await using __ = await server.open('/never')
  for (let n = 0; n < 10; n++) server.connections.look()
  expect(server.sockets.map(({ destroyed }) => destroyed)).toEqual([false, false])
})

test('a caller that does not take its answer makes room for a new one', async () => {
  await using server = await openGated({ most: 2 })
  await using _ = await server.open('/never')
  await using __ = await server.open('/large')
  await using ___ = await server.openIdle()
  await eventually(() => expect(server.sockets).toHaveLength(3))
  expect(server.sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, false])
})

test('where all are being answered, the longest wait is ended; where nobody waits, the new connection is closed', async () => {
  const endLongestWait = vi.fn(() => true)
  await using server = await openGated({ most: 2, endLongestWait })
  await using _ = await server.open('/never')
  await using __ = await server.open('/never-either')
  await using ___ = await server.openIdle()
  await eventually(() => expect(endLongestWait).toHaveBeenCalledTimes(1))
  expect(server.sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, false])
  endLongestWait.mockReturnValue(false)
  server.sockets[2]?.destroy()
  await using refused = await server.openIdle()
  await refused.closed
  expect(server.sockets.slice(0, 2).map(({ destroyed }) => destroyed)).toEqual([false, false])
})

test('a caller that sends a thousand requests at once and reads nothing is handled once', async () => {
  await using server = await openGated()
  await using client = await server.openIdle()
  client.socket.pause()
  const before = process.memoryUsage()
  client.send(head('GET /large').repeat(1_000))
  await eventually(() => expect(server.sockets[0]?.destroyed).toBe(true))
  expect(server.handled).toEqual(['/large'])
  const { rss, arrayBuffers } = process.memoryUsage()
  expect(arrayBuffers - before.arrayBuffers).toBeLessThan(32 * MIB)
  expect(rss - before.rss).toBeLessThan(100 * MIB)
})
