import { describe, expect, test } from 'vitest'
import { dynamicPassword } from '../../src/upstream/upstream.ts'

const SAMPLE = 'e3c1c51c111f3456ac148eaf58700b4d'

describe('the dynamic password', () => {
  test("matches the vendor's own sample", () => {
    expect(dynamicPassword({ apiId: 'xxxxxxxx', apiKey: 'xxxxxxxxx', time: 1623643787 })).toBe(SAMPLE)
  })
})
