import { describe, expect, test, vi } from 'vitest'
import { openListening } from './support/listening.ts'
import { head, openRawClient, type RawClient, statusesOf } from './support/raw-client.ts'

/** Waits for a state that nothing tells of. */
const eventually = (expectation: () => unknown) => vi.waitFor(expectation, { interval: 5, timeout: 15_000 })
const MIB = 1024 * 1024
const LARGE = 'GET /openapi.json'

describe('a connection that sends its requests without waiting for an answer', () => {
  test('1,000 at once, which it does not read, are one call, and no memory', async () => {
    await using api = await openListening()
    await fetch(`${api.url}/openapi.json`).then(response => response.arrayBuffer())
    const before = process.memoryUsage().rss
    await using client = await openRawClient(api.url)
    client.socket.pause()
    client.send(head(LARGE).repeat(1_000))
    await eventually(() => expect(api.handled.at(-1)?.destroyed).toBe(true))
    expect(api.handled.length).toBeLessThanOrEqual(2)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB)
  })

  test('is cut off at the second, which is not handled', async () => {
    await using api = await openListening()
    const { id } = await api.register()
    await using client = await openRawClient(api.url)
    client.send(head(`GET /v1/registrations/${id}?wait=30s`, api.authorization))
    await fetch(`${api.url}/healthz`)
    client.send(head(`DELETE /v1/registrations/${id}`, api.authorization))
    await client.closed
    expect((await api.call('GET', `/v1/registrations/${id}`)).json.status).toBe('pending')
    expect(statusesOf(client.seen.text)).toEqual([])
    expect(api.handled).toHaveLength(2)
  })

  test('may send the next one as soon as it has read an answer', async () => {
    await using api = await openListening({ keepAliveTimeout: 5_000 })
    await using client = await openRawClient(api.url)
    const large = await fetch(`${api.url}/openapi.json`).then(response => response.arrayBuffer())
    for (let n = 0; n < 10; n++) {
      const before = client.seen.text.length
      client.send(head(LARGE))
      await client.until(text => text.length > before + large.byteLength)
      client.send(head('GET /healthz'))
      await client.until(text => text.endsWith('{"status":"ok"}'))
    }
    expect(client.socket.destroyed).toBe(false)
  })
})

describe('a caller that does not read its answer', () => {
  const openReader = async (url: string): Promise<RawClient> => {
    const client = await openRawClient(url)
    client.socket.pause()
    client.send(head(LARGE))
    return client
  }

  test('together with others keeps one copy of a file in memory', async () => {
    await using api = await openListening({ takingTimeout: 60_000 })
    await fetch(`${api.url}/openapi.json`).then(response => response.arrayBuffer())
    const before = process.memoryUsage()
    const readers = await Promise.all(Array.from({ length: 90 }, () => openReader(api.url)))
    await eventually(() => expect(api.handled).toHaveLength(91))
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(10 * MIB)
    for (const reader of readers) await reader[Symbol.asyncDispose]()
  })
})
