import { describe, expect, test } from 'vitest'
import { openListening } from '../../attack/support/listening.ts'
import { head, openRawClient, statusesOf } from '../../attack/support/raw-client.ts'
import { HOOK, openApi } from '../support/api.ts'

const MIB = 1024 * 1024
const BATCH = '/v1/registrations/batch'
/** A body of exactly so many bytes that is valid JSON. */
const padded = (json: string, bytes: number): string => json + ' '.repeat(bytes - json.length)
type Api = Awaited<ReturnType<typeof openApi>>
const sendBatch = (api: Api, raw: string, key = api.partner.key) =>
  api.call('POST', BATCH, { raw, key, headers: { 'content-length': String(Buffer.byteLength(raw)) } })

describe('the bytes of a partner’s bodies', () => {
  test.each([
    ['known', (text: string) => ({ raw: text, headers: { 'content-length': String(text.length) } })],
    ['not known', (text: string) => ({ raw: new Blob([text]).stream() })],
  ])('are charged before they are parsed where their length is %s', async (_, sent) => {
    await using api = await openApi({ server: { registrationRate: 1 } })
    const send = (text: string) => api.call('POST', BATCH, sent(text))
    expect((await send(padded('{"registrations":[1]}', MIB))).status).toBe(200)
    expect((await send('{"registrations":[')).status).toBe(429)
  })

  test('were kept until they ended: they are refused by their length, and a sender that goes on reads the 429', async () => {
    await using api = await openListening({}, { server: { registrationRate: 1 } })
    await using client = await openRawClient(api.url)
    const text = padded('{"registrations":[1]}', MIB)
    const headers = { ...api.authorization, 'content-type': 'application/json', 'content-length': String(MIB) }
    client.send(head(`POST ${BATCH}`, headers) + text)
    await client.until(seen => seen.includes('"results"'))
    client.send(head(`POST ${BATCH}`, headers) + text.slice(MIB / 2))
    await client.until(seen => seen.includes('too_many_requests'))
    client.send(text.slice(0, MIB / 2))
    await client.closed
    expect([statusesOf(client.seen.text), client.seen.error]).toEqual([[200, 429], null])
  })

  test('in chunks of a byte took 3 s a MiB: a chunk counts as 512 bytes, whether the body ends or breaks off', async () => {
    await using api = await openListening({}, { server: { registrationRate: 1 } })
    const headers = { ...api.authorization, 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    {
      await using client = await openRawClient(api.url)
      client.send(head(`POST ${BATCH}`, headers) + '1\r\n \r\n'.repeat(1_000))
      await fetch(`${api.url}/healthz`)
      expect(client.seen.text).toBe('')
      const [socket] = api.handled
      const closed = new Promise(resolve => socket?.once('close', resolve))
      client.socket.end()
      await closed
    }
    // 2,048 chunks are 1 MiB, which is the burst.
    await using client = await openRawClient(api.url)
    client.send(head(`POST ${BATCH}`, headers) + '1\r\n \r\n'.repeat(1_100))
    await client.closed
    expect(statusesOf(client.seen.text)).toEqual([429])
  })

  test.each<[string, string, Record<string, unknown>]>([
    ['a registration', '/v1/registrations', { idcardid: '1', callbackUrl: HOOK }],
    ['a batch', BATCH, { registrations: [{ idcardid: '1', callbackUrl: HOOK }] }],
    ['a bulk resend', '/v1/resend', { since: '2026-11-01T00:00:00Z', delivery: 'exhausted' }],
    ['a callback test', '/v1/callbacks/test', { callbackUrl: HOOK }],
    ['a rotation', '/v1/signing-secrets/rotate', { overlap: '1h' }],
  ])('count together with those of %s, and for this partner only', async (_, path, body) => {
    await using api = await openApi({ server: { registrationRate: 1 } })
    await sendBatch(api, padded('{"registrations":[1]}', MIB))
    expect((await api.call('POST', path, { body })).status).toBe(429)
    expect((await api.call('POST', path, { body, key: api.other.key })).status).toBeLessThan(300)
    api.clock.now += 1_000
    // The serial is the other partner's by now.
    expect((await api.call('POST', path, { body })).status).not.toBe(429)
  })

  test('never keep a partner from its rate of registrations, in batches or one by one with all that they may hold', async () => {
    await using api = await openApi({ server: { registrationRate: 200 } })
    let serial = 0
    const usual = () => ({
      idcardid: `${16236437872836 + 7 * serial++}`,
      callbackUrl: `${HOOK}/${'x'.repeat(150)}`,
      metadata: { order: `${serial}`.padStart(60, '0') },
    })
    const longest = () => ({
      idcardid: `${serial++}`.padStart(64, '1'),
      callbackUrl: `${HOOK}?${'x'.repeat(2_040 - HOOK.length)}`,
      metadata: { order: '单'.repeat(640) },
    })
    const escaped = (body: unknown) =>
      JSON.stringify(body).replace(/[^ -~]/g, char => `\\u${char.charCodeAt(0).toString(16)}`)
    const batchOf = (count: number) => JSON.stringify({ registrations: Array.from({ length: count }, usual) })
    expect([(await sendBatch(api, batchOf(1_000))).status, (await sendBatch(api, batchOf(1_000))).status]).toEqual([
      200, 200,
    ])
    for (let second = 0; second < 1; second++) {
      api.clock.now += 1_000
      expect((await sendBatch(api, batchOf(200))).status).toBe(200)
      api.clock.now += 1_000
      for (let n = 0; n < 200; n++)
        expect((await api.call('POST', '/v1/registrations', { raw: escaped(longest()) })).status).toBe(201)
    }
  })
})
