import { expect, test } from 'vitest'
import { afterMessageClaim, FIRST_TURN } from '../../../src/store/rules/claim-turn.ts'

const lane = { id: 1, partnerId: 'prt_1', host: 'a.example', dueAt: 0, slow: false, proven: true }
const NOTHING = { isAll: false, shares: [], messages: [], firstDue: 500 }

test('a claim that hands out messages is followed by one when the next is due', () => {
  const claim = { partnerIds: ['prt_1'], isAll: true, shares: [{ lane }], messages: [{}], firstDue: 500 }
  expect(afterMessageClaim(FIRST_TURN, claim, 1_000)).toEqual({
    turn: { last: 'prt_1', fruitlessSince: null },
    nextAt: 500,
  })
})

test('a claim that only held messages is followed by another soon', () => {
  const claim = { partnerIds: ['prt_1'], isAll: true, shares: [{ lane }], messages: [], firstDue: 500 }
  expect(afterMessageClaim(FIRST_TURN, claim, 1_000).nextAt).toBe(1_010)
  expect(afterMessageClaim(FIRST_TURN, { ...claim, firstDue: 5_000 }, 1_000).nextAt).toBe(5_000)
  expect(afterMessageClaim(FIRST_TURN, { ...claim, firstDue: null }, 1_000).nextAt).toBe(null)
})

test('claims that find nothing go on until they have come round to where they began', () => {
  const first = afterMessageClaim(FIRST_TURN, { ...NOTHING, partnerIds: ['prt_1', 'prt_2'] }, 1_000)
  expect(first).toEqual({ turn: { last: 'prt_2', fruitlessSince: 'prt_1' }, nextAt: 1_010 })
  const second = afterMessageClaim(first.turn, { ...NOTHING, partnerIds: ['prt_3', 'prt_4'] }, 1_010)
  expect(second).toEqual({ turn: { last: 'prt_4', fruitlessSince: 'prt_1' }, nextAt: 1_020 })
  const third = afterMessageClaim(second.turn, { ...NOTHING, partnerIds: ['prt_5', 'prt_1'] }, 1_020)
  expect(third).toEqual({ turn: { last: 'prt_1', fruitlessSince: null }, nextAt: 500 })
})

test('a claim that has looked at all partners and found nothing waits for a ring', () => {
  expect(afterMessageClaim(FIRST_TURN, { ...NOTHING, isAll: true, partnerIds: ['prt_1'] }, 1_000)).toEqual({
    turn: { last: 'prt_1', fruitlessSince: null },
    nextAt: 500,
  })
})
