import { describe, expect, test, vi } from 'vitest'
import { openListening } from './support/listening.ts'
import { head, openRawClient } from './support/raw-client.ts'

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
})
