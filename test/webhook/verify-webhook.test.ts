import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { webhookBody } from '../../src/core/message.ts'
import { createSigningKey, generateSecret, sign } from '../../src/core/signature.ts'
import { type VerifyOptions, verifyWebhook, WebhookVerificationError } from '../../src/webhook/index.ts'
import { webhookContent } from '../support/webhook-content.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const shared = generateSecret('v1', randomBytes)
const older = generateSecret('v1', randomBytes)
const pair = generateSecret('v1a', randomBytes)

const BODY = webhookBody(webhookContent(NOW))

/** The service's request, signed with these. */
const send = (secrets: readonly { secret: string }[], { at = NOW, body = BODY, id = 'msg_01' } = {}) => {
  const timestampSeconds = Math.floor(at / 1_000)
  const keys = secrets.flatMap(({ secret }) => createSigningKey(secret) ?? [])
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign(keys, { id, timestampSeconds, body }),
  }
  return { secrets: shared.publicText, headers, body, now: NOW }
}

const codeOf = async (options: VerifyOptions): Promise<string> => {
  try {
    await verifyWebhook(options)
    return 'verified'
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error
    return error.code
  }
}

describe('a webhook of the service', () => {
  test('is the event that it says, with its id', async () => {
    const event = await verifyWebhook(send([shared]))
    expect(event).toEqual({ ...JSON.parse(BODY), id: 'msg_01' })
    if (event.type === 'idface.succeeded') expect(event.data.status satisfies 'SUCCESS').toBe('SUCCESS')
    if (event.type === 'idface.unresolved') expect(event.data.reason satisfies string).toBe('expired')
  })

  test('verifies with v1, with v1a, and during a rotation with any of its secrets', async () => {
    for (const signing of [[shared], [pair], [older, shared, pair]])
      for (const { publicText } of signing)
        expect(await codeOf({ ...send(signing), secrets: publicText })).toBe('verified')
    expect(await codeOf({ ...send([shared]), secrets: [older.publicText, pair.publicText, shared.publicText] })).toBe(
      'verified',
    )
  })

  test('takes headers and bodies as servers have them', async () => {
    const { headers, ...rest } = send([shared])
    const entries = Object.entries(headers)
    const shapes = [
      new Headers(headers),
      Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), value])),
      Object.fromEntries(entries.map(([name, value]) => [name, [value]])),
      { ...headers, 'Content-Type': undefined },
    ]
    for (const shape of shapes) expect(await codeOf({ ...rest, headers: shape })).toBe('verified')
    const bytes = new TextEncoder().encode(BODY)
    const inside = new Uint8Array([0, ...bytes, 0]).subarray(1, -1)
    for (const body of [bytes, Buffer.from(BODY), inside, bytes.buffer])
      expect(await codeOf({ ...send([shared]), body })).toBe('verified')
  })

  test('may be five minutes off either way, or as much as told', async () => {
    const off = (seconds: number, toleranceSeconds?: number) =>
      codeOf({ ...send([shared], { at: NOW + seconds * 1_000 }), toleranceSeconds })
    expect(await Promise.all([-300, 0, 300].map(seconds => off(seconds)))).toEqual(['verified', 'verified', 'verified'])
    expect(await Promise.all([-301, 301].map(seconds => off(seconds)))).toEqual([
      'timestamp_too_old',
      'timestamp_too_new',
    ])
    expect(await Promise.all([off(-10, 10), off(-11, 10)])).toEqual(['verified', 'timestamp_too_old'])
    expect(await off(-1, 0)).toBe('timestamp_too_old')
  })
})

describe('what the standardwebhooks package signs, and verifies', () => {
  test('is verified here, and the other way round', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.json(),
        fc.stringMatching(/^msg_\w{1,30}$/),
        async (key, text, id) => {
          const secret = `whsec_${Buffer.from(key).toString('base64')}`
          const body = `{"type":"idface.test","more":${text}}`
          const at = new Date(Math.floor(Date.now() / 1_000) * 1_000)
          const headers = {
            'webhook-id': id,
            'webhook-timestamp': String(at.getTime() / 1_000),
            'webhook-signature': new Webhook(secret).sign(id, at, body),
          }
          expect(await verifyWebhook({ secrets: secret, headers, body })).toMatchObject({ id, type: 'idface.test' })
          const ours = send([{ secret }], { at: at.getTime(), body, id })
          expect(new Webhook(secret).verify(ours.body, ours.headers)).toMatchObject({ type: 'idface.test' })
        },
      ),
    )
  })
})

describe('refuses', () => {
  test.each([shared, pair])('any changed bit, id or time ($publicText)', async secret => {
    const { headers, ...rest } = send([secret])
    const verified = { ...rest, secrets: secret.publicText }
    const bytes = Buffer.from(BODY)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const body = Buffer.from(bytes)
        body.writeUInt8(body.readUInt8(at) ^ (1 << bit), at)
        expect(await codeOf({ ...verified, headers, body })).toBe('no_matching_signature')
      }),
      { numRuns: 50 },
    )
    for (const change of [{ 'webhook-id': 'msg_02' }, { 'webhook-timestamp': String(NOW / 1_000 + 1) }])
      expect(await codeOf({ ...verified, headers: { ...headers, ...change } })).toBe('no_matching_signature')
  })

  test('a missing header, and one that is there twice', async () => {
    const { headers, ...rest } = send([shared])
    for (const name of Object.keys(headers))
      expect(await codeOf({ ...rest, headers: { ...headers, [name]: undefined } })).toBe('missing_header')
    expect(await codeOf({ ...rest, headers: { ...headers, 'Webhook-Id': 'msg_01' } })).toBe('no_matching_signature')
    expect(await codeOf({ ...rest, headers: { ...headers, 'webhook-timestamp': ['1', '2'] } })).toBe(
      'invalid_timestamp',
    )
  })
})

describe('a mistake of the receiver itself is a TypeError that says what is right', () => {
  test.each([
    [
      { body: JSON.parse(BODY) },
      /body must be the text or bytes as received, and is of type object; .*express\.raw\(\)/,
    ],
    [{ headers: undefined }, /headers must be those of the request, and is missing/],
    [{ toleranceSeconds: Number.NaN }, /toleranceSeconds must be a number from 0 to \d+, and is NaN/],
    [{ now: new Date() }, /now must be a number from 0 to \d+, and is of type object/],
    [{ secret: shared.publicText }, /give secret or secrets, not both/],
    [{ tolerance: 10 }, /no option tolerance: it takes secret, secrets, toleranceSeconds, headers, body, now/],
  ])('%o', async (options, message) => {
    const mistaken = verifyWebhook({ ...send([shared]), ...options } as VerifyOptions)
    await expect(mistaken).rejects.toThrow(TypeError)
    await expect(mistaken).rejects.toThrow(message)
  })

  test.each([
    [undefined, /secret is missing; .* \(is WEBHOOK_SECRET set\?\)/],
    [1, /secrets must be a string or an array of strings, and is of type number/],
    ['whsec_short', /secrets is not a whole whsec_…/],
    [`whpk_${shared.secret.slice(6)}=`, /secrets is not a whole whpk_…/],
    [pair.secret, /secrets must begin with whsec_ \(or whpk_\)/],
    ['ifn_01M87C357Q', /secrets is an API key \(ifn_…\); the signing secret begins with whsec_/],
    [[shared.publicText, 'hunter2'], /secrets, number 2, must begin with whsec_/],
  ])('the secrets %j, without repeating them', async (secrets, message) => {
    const error = await verifyWebhook({ ...send([shared]), secrets } as VerifyOptions).catch(caught => caught)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
    for (const secret of [shared.secret.slice(6), pair.secret.slice(6), 'hunter2', '01M87C357Q'])
      expect(error.message).not.toContain(secret)
  })
})
