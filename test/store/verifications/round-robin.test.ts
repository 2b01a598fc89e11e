import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fairShare } from '../../../src/store/verifications/round-robin.ts'

const ids = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 20 })
  .map(all => all.sort())

describe('sharing slots over partners', () => {
  test('begins after the partner that was served last', () => {
    expect(fairShare(['a', 'b', 'c'], 3, 'a').map(share => share.partnerId)).toEqual(['b', 'c', 'a'])
  })

  test('begins anew after the last one, and for one that has gone', () => {
    expect(fairShare(['a', 'b', 'c'], 3, 'c').map(share => share.partnerId)).toEqual(['a', 'b', 'c'])
    expect(fairShare(['a', 'c'], 2, 'b').map(share => share.partnerId)).toEqual(['c', 'a'])
  })

  test('names each partner once at most, and gives away each slot', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 300 }), fc.string(), (partnerIds, slots, lastServed) => {
        const shares = fairShare(partnerIds, slots, lastServed)
        expect(new Set(shares.map(share => share.partnerId)).size).toBe(shares.length)
        expect(shares.reduce((sum, share) => sum + share.take, 0)).toBe(slots)
      }),
    )
  })

  test('with one slot at a time, serves every partner before it serves one twice', () => {
    fc.assert(
      fc.property(ids, partnerIds => {
        const served: string[] = []
        for (let i = 0; i < partnerIds.length; i++)
          served.push(fairShare(partnerIds, 1, served.at(-1) ?? '')[0]?.partnerId ?? 'nobody')
        expect(served.sort()).toEqual(partnerIds)
      }),
    )
  })
})
