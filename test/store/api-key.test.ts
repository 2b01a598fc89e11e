import { describe, expect, test } from 'vitest'
import { type KeyRow, ownerOfKey, revoked } from '../../src/store/partners/api-keys.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const ROW: KeyRow = {
  ...{ partnerId: 'ptn_1', hash: Buffer.alloc(32), expiresAt: null, revokedAt: null, disabled: false },
}

describe('an API key', () => {
  test('is live until it expires', () => {
    expect(ownerOfKey(ROW, NOW)).toEqual({ partnerId: 'ptn_1', hash: ROW.hash, live: true })
    expect(ownerOfKey({ ...ROW, expiresAt: NOW + 1 }, NOW).live).toBe(true)
    expect(ownerOfKey({ ...ROW, expiresAt: NOW }, NOW).live).toBe(false)
  })

  test('is not live once it is revoked, nor while its partner is disabled', () => {
    expect(ownerOfKey({ ...ROW, revokedAt: NOW }, NOW).live).toBe(false)
    expect(ownerOfKey({ ...ROW, disabled: true }, NOW).live).toBe(false)
  })

  test('that is revoked again stays revoked since the first time', () => {
    const key = { id: 'key_1', createdAt: 1, lastUsedAt: null, expiresAt: null, revokedAt: null }
    const once = revoked(key, NOW)
    expect(once).toEqual({ ...key, revokedAt: NOW })
    expect(revoked(once, NOW + 1)).toEqual(once)
  })
})
