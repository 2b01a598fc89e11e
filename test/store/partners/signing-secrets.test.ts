import { describe, expect, test } from 'vitest'
import { endedByRotation, liveSecrets, mayRotate } from '../../../src/store/partners/signing-secrets.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const secret = (id: string, expiresAt: number | null) => ({ id, expiresAt })
const idsOf = (secrets: readonly { id: string }[]) => secrets.map(({ id }) => id)

describe('signing secrets', () => {
  test('sign until they end, the newest first', () => {
    const secrets = [secret('a', NOW), secret('b', NOW + 1), secret('c', null)]
    expect(idsOf(liveSecrets(secrets, NOW))).toEqual(['c', 'b'])
    expect(idsOf(liveSecrets(secrets, NOW + 1))).toEqual(['c'])
  })

  test('are four at most, also where more were added before there was a limit', () => {
    const secrets = ['a', 'b', 'c', 'd', 'e', 'f'].map(id => secret(id, null))
    expect(idsOf(liveSecrets(secrets, NOW))).toEqual(['f', 'e', 'd', 'c'])
    expect(mayRotate(secrets.slice(0, 3), 1)).toBe(true)
    expect(mayRotate(secrets.slice(0, 4), 1)).toBe(false)
    expect(mayRotate(secrets.slice(0, 4), 0)).toBe(true)
  })

  test('end with the overlap of a rotation, or before it where that was planned already', () => {
    const secrets = [secret('a', NOW + 1), secret('b', NOW + 9), secret('c', null)]
    expect(idsOf(endedByRotation(secrets, NOW + 5))).toEqual(['b', 'c'])
    expect(idsOf(endedByRotation(secrets, NOW + 1))).toEqual(['b', 'c'])
  })

  test('end at once where a rotation has no overlap', () => {
    const current = secret('a', null)
    const ended = endedByRotation([current], NOW).map(({ id }) => secret(id, NOW))
    expect(liveSecrets(ended, NOW)).toEqual([])
  })
})
