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

/** Answers everything with 32 MiB, `/short` with two bytes and `/never` not at all; `/begun` and `/stream` have more to come, which never does. */
const answer: RequestListener = (request, response) => {
  if (request.url === '/begun') response.write('ok')
  else if (request.url === '/stream') response.write(LARGE)
  else if (!request.url?.startsWith('/never')) response.end(request.url === '/short' ? 'ok' : LARGE)
}

const openGated = async ({ most = 100, takingMs = 60_000 } = {}) => {
  const connections = createConnections({ most })
  const handled: string[] = []
  const sockets: Socket[] = []
  const gate = connections.gate((request, response) => {
    handled.push(request.url ?? '')
    answer(request, response)
  })
  const server = createServer(gate)
  server.setTimeout(takingMs, connections.timeOut)
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

test('a caller that does not take its answer makes room for a new one', async () => {
  await using server = await openGated({ most: 2 })
  await using _ = await server.open('/never')
  await using __ = await server.open('/large')
  await using ___ = await server.openIdle()
  await eventually(() => expect(server.sockets).toHaveLength(3))
  expect(server.sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, false])
})

test('a caller that does not take its answer is cut off after a while, and one that waits for an answer is not', async () => {
  await using server = await openGated({ takingMs: 100 })
  await using _ = await server.open('/never')
  await using __ = await server.open('/large')
  await eventually(() => expect(server.sockets[1]?.destroyed).toBe(true))
  expect(server.sockets[0]?.destroyed).toBe(false)
})

test('a caller that does not take what has come of its answer is cut off after a while, and one that has taken it is not', async () => {
  await using server = await openGated({ takingMs: 100 })
  await using _ = await server.open('/begun')
  await using __ = await server.open('/stream')
  await eventually(() => expect(server.sockets[1]?.destroyed).toBe(true))
  expect(server.sockets[0]?.destroyed).toBe(false)
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
