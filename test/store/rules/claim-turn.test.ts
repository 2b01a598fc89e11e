import { expect, test } from 'vitest'
import { afterMessageClaim, FIRST_TURN, partnersInTurn } from '../../../src/store/rules/claim-turn.ts'
import { answer } from '../../../src/store/rules/questions.ts'

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

const idOf = (n: number) => `prt_${String(n).padStart(4, '0')}`
const turnAfter = (last: string, count: number) => {
  const all = Array.from({ length: count }, (_, n) => ({ id: idOf(n) }))
  return answer(partnersInTurn<{ id: string }>({ ...FIRST_TURN, last }), ({ after, limit }) =>
    all.filter(({ id }) => id > after).slice(0, limit),
  )
}

test('a claim goes round all partners, each once, from after the last one', () => {
  const { partners, isAll } = turnAfter(idOf(6), 10)
  expect(partners.map(({ id }) => id)).toEqual([7, 8, 9, 0, 1, 2, 3, 4, 5, 6].map(idOf))
  expect(isAll).toBe(true)
})

test('a claim looks at so many partners only, and says that there are others', () => {
  for (const last of ['', idOf(350)]) {
    const { partners, isAll } = turnAfter(last, 400)
    expect(new Set(partners.map(({ id }) => id)).size).toBe(256)
    expect(partners).toHaveLength(256)
    expect(isAll).toBe(false)
  }
})
