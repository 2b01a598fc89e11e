import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { openListening } from '../attack/support/listening.ts'
import { head, openRawClient, type RawClient, statusesOf } from '../attack/support/raw-client.ts'

const MIB = 1024 * 1024
const BATCH = 'POST /v1/registrations/batch'
const JSON_TYPE = { 'content-type': 'application/json' }
const CHUNKED = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }

/** Sends pieces one after the other as they are taken; resolves when all are, or the connection is gone. */
const sendSlowly = async (client: RawClient, piece: Buffer, times: number): Promise<void> => {
  for (let n = 0; n < times && client.socket.writable; n++)
    if (!client.send(piece))
      await Promise.race([new Promise(resolve => client.socket.once('drain', resolve)), client.closed])
}

describe('a body whose request has been answered before it came', () => {
  test('was parsed on, which cost 3 s a MiB in chunks of a byte: no parser sees what is no chunk', async () => {
    await using api = await openListening()
    await using client = await openRawClient(api.url)
    client.socket.allowHalfOpen = true
    const ended = once(client.socket, 'end')
    client.send(head(BATCH, CHUNKED))
    await ended
    const [socket] = api.handled
    const closed = new Promise(resolve => socket?.once('close', resolve))
    await sendSlowly(client, Buffer.alloc(64 * 1024, 'no chunk'), 32)
    client.socket.end()
    await closed
    expect([statusesOf(client.seen.text), client.seen.error]).toEqual([[401], null])
    expect(socket?.bytesRead).toBeGreaterThan(2 * MIB)
  })

  test('ends the connection, and says so', async () => {
    await using api = await openListening()
    await using client = await openRawClient(api.url)
    client.send(head(BATCH, { ...JSON_TYPE, 'content-length': String(MIB) }))
    await client.closed
    expect(client.seen.text).toMatch(/\r\nconnection: close\r\n/i)
    expect([statusesOf(client.seen.text), client.seen.error]).toEqual([[401], null])
  })

  test('that goes on for ever is cut off', async () => {
    await using api = await openListening()
    await using client = await openRawClient(api.url)
    client.send(head(BATCH, CHUNKED))
    await sendSlowly(client, Buffer.alloc(64 * 1024, ' '), 10_000)
    await client.closed
    const [socket] = api.handled
    expect(socket?.bytesRead).toBeLessThan(9 * MIB)
  })

  test('that stops does not hold the connection beyond the time of a request', async () => {
    await using api = await openListening({ headersTimeout: 2_000, requestTimeout: 2_000 })
    await using client = await openRawClient(api.url)
    client.socket.allowHalfOpen = true
    client.send(head(BATCH, { ...JSON_TYPE, 'content-length': String(MIB) }))
    await client.until(text => text.includes('"status":401'))
    const [socket] = api.handled
    await new Promise(resolve => socket?.once('close', resolve))
    expect(statusesOf(client.seen.text)).toEqual([401])
  })
})

test('a connection whose request has come whole stays, whether its body was read or not', async () => {
  await using api = await openListening()
  await using client = await openRawClient(api.url)
  for (let n = 1; n <= 3; n++) {
    client.send(`${head(BATCH, { ...JSON_TYPE, 'content-length': '2' })}{}`)
    await client.until(text => text.split('"status":401').length > n)
  }
  expect(statusesOf(client.seen.text)).toEqual([401, 401, 401])
  expect(client.seen.text).not.toMatch(/connection: close/i)
})
