import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSigningKey, sign } from '../../../src/core/signature.ts'
import { type Json, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const HOUR = 3_600_000
const rotate = async (body: unknown = {}): Promise<Json> =>
  (await api.call('POST', '/v1/signing-secrets/rotate', { body })).json
const list = async (): Promise<Json[]> => (await api.call('GET', '/v1/signing-secrets')).json.data
/** As the deliverer signs: with each live secret. */
const signatures = async (): Promise<string[]> => {
  const secrets = await api.store.liveSecrets(api.partner.id)
  const keys = secrets.flatMap(secret => createSigningKey(secret.reveal()) ?? [])
  return sign(keys, { id: 'msg_1', timestampSeconds: 1_800_000_000, body: '{}' }).split(' ')
}
const signatureOf = (secret: string): string => {
  const key = createSigningKey(secret)
  if (!key) throw new Error('no secret')
  return sign([key], { id: 'msg_1', timestampSeconds: 1_800_000_000, body: '{}' })
}

describe('rotating', () => {
  test('answers 201 with the new secret, which is never shown again', async () => {
    const { status, json, headers } = await api.call('POST', '/v1/signing-secrets/rotate', { body: {} })
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    expect(json).toEqual({
      id: expect.stringMatching(/^secret_/),
      type: 'v1',
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      previousExpiresAt: '2026-11-25T16:20:00.000Z',
    })
    const shown = await api.call('GET', '/v1/signing-secrets')
    expect(shown.text).not.toContain('whsec_')
    expect(shown.text).not.toContain(json.secret.slice('whsec_'.length))
    expect(api.logged.join('')).not.toContain(json.secret.slice('whsec_'.length))
  })

  test('the old secret stays live for 24 hours, and both sign until then', async () => {
    const [before] = await list()
    const { id, secret } = await rotate()
    expect(await list()).toEqual([
      { id, type: 'v1', createdAt: '2026-11-24T16:20:00.000Z', expiresAt: null },
      { ...before, expiresAt: '2026-11-25T16:20:00.000Z' },
    ])
    expect(await signatures()).toHaveLength(2)
    expect((await signatures())[0]).toBe(signatureOf(secret))
    api.clock.now += 24 * HOUR - 1
    expect(await signatures()).toHaveLength(2)
    api.clock.now += 1
    expect(await signatures()).toEqual([signatureOf(secret)])
    expect((await list()).map(one => one.id)).toEqual([id])
  })

  test('with an overlap of 0s ends the old secret at once', async () => {
    const { id, secret } = await rotate({ overlap: '0s' })
    expect((await list()).map(one => one.id)).toEqual([id])
    expect(await signatures()).toEqual([signatureOf(secret)])
  })

  test('to v1a shows the public key only, and both types sign during the overlap', async () => {
    const { type, secret, text } = await api
      .call('POST', '/v1/signing-secrets/rotate', { body: { type: 'v1a', overlap: '1h' } })
      .then(({ json, text }) => ({ ...json, text }))
    expect([type, secret]).toEqual(['v1a', expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/)])
    expect(text).not.toContain('whsk_')
    const [newest = '', oldest = ''] = await signatures()
    expect([newest.slice(0, 4), oldest.slice(0, 3)]).toEqual(['v1a,', 'v1,'])
    const key = createPublicKey({
      key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(secret.slice(5), 'base64')]),
      format: 'der',
      type: 'spki',
    })
    const content = Buffer.from('msg_1.1800000000.{}')
    expect(verify(null, content, key, Buffer.from(newest.slice(4), 'base64'))).toBe(true)
  })

  test.each([
    [{ overlap: '31d' }, 'overlap'],
    [{ overlap: '-1s' }, 'overlap'],
    [{ overlap: '24' }, 'overlap'],
    [{ type: 'v2' }, 'type'],
    [{ secret: 'whsec_mine' }, 'secret'],
  ])('with %j is refused and changes nothing', async (body, path) => {
    const before = await list()
    const { status, json } = await api.call('POST', '/v1/signing-secrets/rotate', { body })
    expect([status, json.errors]).toEqual([422, [{ path, message: expect.stringMatching(/must|is unknown/) }]])
    expect(await list()).toEqual(before)
  })
})

describe('deleting', () => {
  const remove = (id: string, key = api.partner.key) => api.call('DELETE', `/v1/signing-secrets/${id}`, { key })

  test('ends an old secret before its overlap does, and what is signed from then on has no signature of it', async () => {
    const [before] = await list()
    const { id, secret } = await rotate()
    await api.register()
    await api.succeed()
    expect(await signatures()).toHaveLength(2)
    const { status, text } = await remove(before.id)
    expect([status, text]).toEqual([204, ''])
    expect((await list()).map(one => one.id)).toEqual([id])
    expect(await signatures()).toEqual([signatureOf(secret)])
    const [event] = (await api.call('GET', '/v1/events')).json.data
    expect(event.headers['webhook-signature'].split(' ')).toHaveLength(1)
  })

  test('the newest is refused, because nothing would sign then', async () => {
    const { id } = await rotate()
    const { status, json } = await remove(id)
    expect([status, json.detail]).toEqual([409, expect.stringContaining('rotate with an overlap of 0s')])
    expect(await list()).toHaveLength(2)
  })
})
