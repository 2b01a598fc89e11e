import { expect, test } from 'vitest'
import { isValid } from '../../../src/store/partners/api-keys.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')

test('a key is valid until it expires or is revoked', () => {
  expect(isValid({ expiresAt: null, revokedAt: null }, NOW)).toBe(true)
  expect(isValid({ expiresAt: NOW + 1, revokedAt: null }, NOW)).toBe(true)
  expect(isValid({ expiresAt: NOW, revokedAt: null }, NOW)).toBe(false)
  expect(isValid({ expiresAt: null, revokedAt: NOW }, NOW)).toBe(false)
})
