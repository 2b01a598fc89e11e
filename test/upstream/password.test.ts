import { describe, expect, test } from 'vitest'
import { dynamicPassword } from '../../src/upstream/upstream.ts'

const SAMPLE = 'e3c1c51c111f3456ac148eaf58700b4d'

describe('the dynamic password', () => {
  test("matches the vendor's own sample", () => {
    expect(dynamicPassword({ apiId: 'xxxxxxxx', apiKey: 'xxxxxxxxx', time: 1623643787 })).toBe(SAMPLE)
  })

  test.each([
    ['16 characters of account and key', 'xxxxxxxx', 'xxxxxxxx', 1623643787],
    ['18 characters of account and key', 'xxxxxxxxx', 'xxxxxxxxx', 1623643787],
    ['the next second', 'xxxxxxxx', 'xxxxxxxxx', 1623643788],
    ['milliseconds', 'xxxxxxxx', 'xxxxxxxxx', 1623643787000],
  ])('differs for %s', (_, apiId, apiKey, time) => {
    expect(dynamicPassword({ apiId, apiKey, time })).not.toBe(SAMPLE)
  })
})
