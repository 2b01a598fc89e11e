import { describe, expect, test } from 'vitest'
import { openListening } from './support/listening.ts'
import { head, openRawClient, type RawClient, statusesOf } from './support/raw-client.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
/** Longest wait of a test for a limit of 0.6 s. */
const BOUNDED_MS = 10_000

/** Sends a byte every 20 ms until the connection ends. */
const drip = async (client: RawClient): Promise<number> => {
  const timer = setInterval(() => client.send('a'), 20)
  const lived = await client.closed
  clearInterval(timer)
  return lived
}

const openMany = (url: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => openRawClient(url))).then(clients => ({
    clients,
    open: () => clients.filter(({ socket }) => !socket.destroyed).length,
    [Symbol.asyncDispose]: () => Promise.all(clients.map(client => client[Symbol.asyncDispose]())).then(() => {}),
  }))

describe.concurrent('M7: a caller who sends slowly', () => {
  test('a byte of its head at a time is answered 408 and cut off', async () => {
    await using api = await openListening({ headersTimeout: 300 })
    await using client = await openRawClient(api.url)
    client.send('GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ')
    expect(await drip(client)).toBeLessThan(BOUNDED_MS)
    expect(statusesOf(client.seen.text)).toEqual([408])
  })

  test('a byte of its body at a time is cut off, and nothing comes of it', async () => {
    await using api = await openListening({ headersTimeout: 600, requestTimeout: 600 })
    await using client = await openRawClient(api.url)
    client.send(head('POST /v1/registrations', { ...api.authorization, ...JSON_TYPE, 'content-length': '60000' }))
    expect(await drip(client)).toBeLessThan(BOUNDED_MS)
    for (const status of statusesOf(client.seen.text)) expect([400, 408]).toContain(status)
    expect((await api.call('GET', '/v1/registrations')).json.data).toEqual([])
  })

  test('nothing after an answer is cut off', async () => {
    await using api = await openListening({ keepAliveTimeout: 400 })
    await using client = await openRawClient(api.url)
    client.send(head('GET /healthz'))
    expect(await client.closed).toBeLessThan(BOUNDED_MS)
    expect(statusesOf(client.seen.text)).toEqual([200])
  })
})

describe('M7: many connections', () => {
  test('more than there may be close those that have kept still longest', async () => {
    await using api = await openListening({ mostConnections: 20 })
    await using idle = await openMany(api.url, 50)
    await Promise.all(idle.clients.slice(0, 30).map(({ closed }) => closed))
    expect(idle.open()).toBe(20)
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200)
  })
})

describe('closing', () => {
  test('ends at once where connections say nothing or only half of something', async () => {
    const api = await openListening()
    await using idle = await openMany(api.url, 5)
    idle.clients[0]?.send('GET / HTTP/1.1\r\nhost')
    idle.clients[1]?.send(head('GET /healthz'))
    await idle.clients[1]?.until(text => text.includes('ok'))
    const startedAt = performance.now()
    await api[Symbol.asyncDispose]()
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
