import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createApiKey, readApiKey } from '../../src/core/api-key.ts'

const ID = 'key_01JABCDEFGHJKMNPQRSTVWXYZ0'

describe('an API key', () => {
  test('is read back as its id and the hash of its secret', () => {
    const { text, hash, id } = createApiKey(ID, randomBytes)
    expect(text).toMatch(/^ifn_01JABCDEFGHJKMNPQRSTVWXYZ0_[\w-]{43}[0-9a-f]{8}$/)
    expect(readApiKey(text)).toEqual({ id, hash })
  })

  test('with any one character changed is refused without asking anybody', () => {
    const { text } = createApiKey(ID, randomBytes)
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`
      expect(readApiKey(changed), changed).toBeNull()
    }
  })

  test.each(['', 'ifn_', 'whsec_abc', `${createApiKey(ID, randomBytes).text}\n`, 'x'.repeat(100_000)])(
    'is not %#',
    text => expect(readApiKey(text)).toBeNull(),
  )
})
