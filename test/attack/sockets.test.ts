import { describe, expect, test } from 'vitest'
import { openListening } from './support/listening.ts'
import { head, openRawClient, type RawClient, statusesOf } from './support/raw-client.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
/** What a test waits for at most where a limit of 0.6 s holds. */
const BOUNDED_MS = 10_000
/** So that a busy machine does not end a request before it is judged. */
const UNHURRIED = { requestTimeout: 20_000, takingTimeout: 20_000 }

/** Sends this again and again, as fast as it is taken, until the connection ends; how many bytes it took. */
const pour = async (client: RawClient, piece: Buffer): Promise<number> => {
  let sent = 0
  const more = () => {
    while (client.socket.writable) {
      sent += piece.length
      if (!client.socket.write(piece)) return
    }
  }
  client.socket.on('drain', more)
  more()
  await client.closed
  return sent - client.socket.writableLength
}

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
    await using api = await openListening({ requestTimeout: 20_000 })
    await using client = await openRawClient(api.url)
    client.send('GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ')
    expect(await drip(client)).toBeLessThan(BOUNDED_MS)
    expect(statusesOf(client.seen.text)).toEqual([408])
  })

  test('a byte of its body at a time is cut off, and nothing comes of it', async () => {
    await using api = await openListening()
    await using client = await openRawClient(api.url)
    client.send(head('POST /v1/registrations', { ...api.authorization, ...JSON_TYPE, 'content-length': '60000' }))
    expect(await drip(client)).toBeLessThan(BOUNDED_MS)
    for (const status of statusesOf(client.seen.text)) expect([400, 408]).toContain(status)
    expect((await api.call('GET', '/v1/registrations')).json.data).toEqual([])
  })

  test('nothing after an answer is cut off', async () => {
    await using api = await openListening()
    await using client = await openRawClient(api.url)
    client.send(head('GET /healthz'))
    expect(await client.closed).toBeLessThan(BOUNDED_MS)
    expect(statusesOf(client.seen.text)).toEqual([200])
  })
})

describe.concurrent('M7: a body that is too large', () => {
  const MIB = 1024 * 1024
  const piece = Buffer.concat([Buffer.from('4000\r\n'), Buffer.alloc(0x4000, ' '), Buffer.from('\r\n')])

  test.each([
    ['POST /v1/registrations', 64 * 1024],
    ['POST /v1/registrations/batch', MIB],
  ])('without end is 413 at %s, and no more is taken', async (line, limit) => {
    await using api = await openListening(UNHURRIED)
    await using client = await openRawClient(api.url)
    client.send(head(line, { ...api.authorization, ...JSON_TYPE, 'transfer-encoding': 'chunked' }))
    const sent = await pour(client, piece)
    expect(statusesOf(client.seen.text)).toEqual([413])
    // What lies in the buffers of both sides comes on top.
    expect(sent).toBeLessThan(limit + 80 * MIB)
    expect(await client.closed).toBeLessThan(UNHURRIED.requestTimeout)
  })
})

describe('M7: many connections', () => {
  test('more than there may be close those that have kept still longest', async () => {
    await using api = await openListening({ mostConnections: 20, headersTimeout: 5_000, requestTimeout: 5_000 })
    await using idle = await openMany(api.url, 50)
    await Promise.all(idle.clients.slice(0, 30).map(({ closed }) => closed))
    expect(idle.open()).toBe(20)
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200)
  })

  test('close none that is being answered', async () => {
    await using api = await openListening({ mostConnections: 20 })
    const { id } = await api.register()
    await using waiting = await openRawClient(api.url)
    waiting.send(head(`GET /v1/registrations/${id}?wait=30s`, api.authorization))
    // Answered after the other was read: it comes later on a connection of its own.
    await fetch(`${api.url}/healthz`)
    await using idle = await openMany(api.url, 60)
    await Promise.all(idle.clients.slice(0, 41).map(({ closed }) => closed))
    expect(waiting.socket.destroyed).toBe(false)
    await api.succeed()
    expect(await waiting.until(text => text.includes('"succeeded"'))).toContain('"status":"succeeded"')
  })
})

describe('closing', () => {
  test('ends at once where connections say nothing or only half of something', async () => {
    const api = await openListening({ headersTimeout: 10_000, requestTimeout: 10_000 })
    await using idle = await openMany(api.url, 5)
    idle.clients[0]?.send('GET / HTTP/1.1\r\nhost')
    idle.clients[1]?.send(head('GET /healthz'))
    await idle.clients[1]?.until(text => text.includes('ok'))
    const startedAt = performance.now()
    await api[Symbol.asyncDispose]()
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  test('waits for what is being answered, and ends its connection then', async () => {
    const api = await openListening({ keepAliveTimeout: 10_000 })
    const { id } = await api.register()
    await using client = await openRawClient(api.url)
    client.send(head(`GET /v1/registrations/${id}?wait=30s`, api.authorization))
    await fetch(`${api.url}/healthz`, { headers: { connection: 'close' } })
    const startedAt = performance.now()
    const closed = api.close()
    await api.succeed()
    await closed
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(statusesOf(client.seen.text)).toEqual([200])
    await api[Symbol.asyncDispose]()
  })
})
