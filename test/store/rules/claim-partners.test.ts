import { expect, test } from 'vitest'
import { afterMessageClaim, partnersRoundRobin } from '../../../src/store/message-claims.ts'
import { answer } from '../../../src/store/rules/questions.ts'

const lane = { id: 1, partnerId: 'prt_1', host: 'a.example', dueAt: 0, slow: false, proven: true }
const NOTHING = { isAll: true, shares: [], messages: [], firstDue: 500 }

test('a claim is followed by one when the next is due where it handed out messages, or found nothing of anybody', () => {
  expect(afterMessageClaim({ ...NOTHING, shares: [{ lane }], messages: [{}] }, 1_000)).toBe(500)
  expect(afterMessageClaim(NOTHING, 1_000)).toBe(500)
})

test('a claim that only held messages, or has not looked at all partners, is followed by another soon', () => {
  const held = { ...NOTHING, shares: [{ lane }] }
  expect(afterMessageClaim(held, 1_000)).toBe(1_010)
  expect(afterMessageClaim({ ...held, firstDue: 5_000 }, 1_000)).toBe(5_000)
  expect(afterMessageClaim({ ...held, firstDue: null }, 1_000)).toBe(null)
  expect(afterMessageClaim({ ...NOTHING, isAll: false }, 1_000)).toBe(1_100)
})

const idOf = (n: number) => `prt_${String(n).padStart(4, '0')}`
const partnersAfter = (last: string, count: number) => {
  const all = Array.from({ length: count }, (_, n) => ({ id: idOf(n) }))
  return answer(partnersRoundRobin<{ id: string }>(last), ({ after, limit }) =>
    all.filter(({ id }) => id > after).slice(0, limit),
  )
}

test('a claim goes round all partners, each once, from after the last one', () => {
  const { partners, isAll } = partnersAfter(idOf(6), 10)
  expect(partners.map(({ id }) => id)).toEqual([7, 8, 9, 0, 1, 2, 3, 4, 5, 6].map(idOf))
  expect(isAll).toBe(true)
})
