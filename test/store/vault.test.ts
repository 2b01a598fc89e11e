import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createVault } from '../../src/store/sealed.ts'

const KEY = randomBytes(32)
const vault = createVault(randomBytes, KEY)
const CONTEXT = 'signing-secret|partner_1|secret_1'

describe('the vault', () => {
  test('opens any text it sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        expect(vault.open(vault.seal(text, context), context)).toBe(text)
      }),
    )
  })

  test('seals the same text differently each time, and shows nothing of it', () => {
    const [one, two] = [vault.seal('whsec_marker', CONTEXT), vault.seal('whsec_marker', CONTEXT)]
    expect(one.equals(two)).toBe(false)
    expect(one.includes('marker')).toBe(false)
  })

  test('refuses another key, and says which it would need', () => {
    const sealed = vault.seal('text', CONTEXT)
    expect(() => createVault(randomBytes, randomBytes(32)).open(sealed, CONTEXT)).toThrow(`(${vault.keyId})`)
  })

  test('refuses a value that was moved to another row', () => {
    const sealed = vault.seal('text', CONTEXT)
    for (const context of ['signing-secret|partner_2|secret_1', 'signing-secret|partner_1|secret_2', ''])
      expect(() => vault.open(sealed, context)).toThrow()
  })

  test('refuses a value with any bit changed', () => {
    const sealed = vault.seal('a verdict', CONTEXT)
    for (let byte = 0; byte < sealed.length; byte++) {
      const tampered = Buffer.from(sealed)
      tampered[byte] = (tampered[byte] ?? 0) ^ 1
      expect(() => vault.open(tampered, CONTEXT)).toThrow()
    }
  })

  test('refuses a value that was cut, down to nothing', () => {
    const sealed = vault.seal('a verdict', CONTEXT)
    for (let length = 0; length < sealed.length; length++)
      expect(() => vault.open(sealed.subarray(0, length), CONTEXT)).toThrow()
  })
})

describe('a change of the master key', () => {
  const next = createVault(randomBytes, randomBytes(32), KEY)

  test('still opens the earlier key’s text, and seals with the new one', () => {
    const old = vault.seal('text', CONTEXT)
    const fresh = next.seal('text', CONTEXT)
    expect(next.open(old, CONTEXT)).toBe('text')
    expect(next.open(fresh, CONTEXT)).toBe('text')
    expect(() => vault.open(fresh, CONTEXT)).toThrow()
  })

  test('tells by the first bytes of a value which key sealed it', () => {
    const keyIdOf = (sealed: Buffer) => sealed.toString('hex', 0, 4)
    expect(keyIdOf(vault.seal('text', CONTEXT))).toBe(vault.keyId)
    expect(keyIdOf(next.seal('text', CONTEXT))).toBe(next.keyId)
    expect(next.keyId).not.toBe(vault.keyId)
  })

  test('names a key without telling it', () => {
    expect(vault.keyId).toMatch(/^[0-9a-f]{8}$/)
    expect(KEY.includes(Buffer.from(vault.keyId, 'hex'))).toBe(false)
  })
})
