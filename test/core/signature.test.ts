import { createPublicKey, randomBytes, verify } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { createSigningKey, generateSecret, type SigningKey, sign, signElsewhere } from '../../src/core/signature.ts'

const timestampSeconds = Math.floor(Date.now() / 1000)

const keyOf = (secret: string): SigningKey => {
  const key = createSigningKey(secret)
  if (!key) throw new Error('unreadable')
  return key
}

const headersFor = (signature: string, id: string) => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestampSeconds),
  'webhook-signature': signature,
})

const isSignedBy = (publicText: string, signature: string, content: string): boolean => {
  const raw = Buffer.from(publicText.replace('whpk_', ''), 'base64')
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return verify(null, Buffer.from(content), key, Buffer.from(signature.replace(/^v1a,/, ''), 'base64'))
}

describe('v1', () => {
  test('gives the signature of the example in the Standard Webhooks specification', () => {
    const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    const content = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1614265330, body: '{"test": 2432232314}' }
    expect(sign([key], content)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  test('is accepted by an independent verifier, whatever the body', () => {
    fc.assert(
      fc.property(fc.json(), fc.uint8Array({ minLength: 24, maxLength: 64 }), (body, bytes) => {
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`
        const signature = sign([keyOf(secret)], { id: 'msg_1', timestampSeconds, body })
        expect(new Webhook(secret).verify(body, headersFor(signature, 'msg_1'))).toEqual(JSON.parse(body))
      }),
    )
  })

  test('carries a signature for each live secret, either of which is enough', () => {
    const secrets = [
      generateSecret('v1', randomBytes),
      generateSecret('v1a', randomBytes),
      generateSecret('v1', randomBytes),
    ]
    const signature = sign(
      secrets.map(({ secret }) => keyOf(secret)),
      { id: 'msg_1', timestampSeconds, body: '{}' },
    )
    expect(signature.split(' ').map(part => part.split(',')[0])).toEqual(['v1', 'v1a', 'v1'])
    for (const { secret } of secrets.filter(made => made.secret.startsWith('whsec_')))
      expect(new Webhook(secret).verify('{}', headersFor(signature, 'msg_1'))).toEqual({})
  })
})

describe('v1a', () => {
  test('verifies with the public key given out, and not for other content', () => {
    const { secret, publicText } = generateSecret('v1a', randomBytes)
    expect(publicText).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/)
    const signature = sign([keyOf(secret)], { id: 'msg_1', timestampSeconds, body: '{"message":"认证成功"}' })
    expect(isSignedBy(publicText, signature, `msg_1.${timestampSeconds}.{"message":"认证成功"}`)).toBe(true)
    expect(isSignedBy(publicText, signature, `msg_2.${timestampSeconds}.{"message":"认证成功"}`)).toBe(false)
  })
})

describe('secrets', () => {
  test.each(['v1', 'v1a'] as const)('a generated %s secret is new each time and can be read', type => {
    const [one, two] = [generateSecret(type, randomBytes), generateSecret(type, randomBytes)]
    expect(one.secret).not.toBe(two.secret)
    expect(keyOf(one.secret).type).toBe(type)
  })

  const other = generateSecret('v1a', randomBytes).secret
  test.each([
    ['', 'nothing'],
    ['whsec_', 'no key'],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, 'too short'],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, 'too long'],
    [`whsec_${Buffer.alloc(32).toString('base64')}!`, 'not base64'],
    [`whsec_${'A'.repeat(33)}`, 'no whole base64'],
    [Buffer.alloc(32).toString('base64'), 'no prefix'],
    [`whpk_${Buffer.alloc(32).toString('base64')}`, 'a public key'],
    [`whsk_${Buffer.alloc(33).toString('base64')}`, 'wrong size'],
    [
      `whsk_${Buffer.concat([Buffer.alloc(32), Buffer.from(other.slice(5), 'base64').subarray(32)]).toString('base64')}`,
      'halves that do not match',
    ],
  ])('refuses %s (%s)', secret => {
    expect(createSigningKey(secret)).toBeNull()
  })
})

describe('signing many at once', () => {
  const keys = (['v1', 'v1a', 'v1a', 'v1'] as const).map(type => keyOf(generateSecret(type, randomBytes).secret))

  test('leaves the event loop free while ed25519 is computed', async () => {
    let turns = 0
    const all = Promise.all(
      Array.from({ length: 500 }, (_, n) => signElsewhere(keys, { id: `msg_${n}`, timestampSeconds, body: '{}' })),
    )
    let isDone = false
    void all.then(() => {
      isDone = true
    })
    while (!isDone) {
      await new Promise(resolve => setImmediate(resolve))
      turns++
    }
    expect(turns).toBeGreaterThan(1)
  })
})
