import { expect, test } from 'vitest'
import {
  type DueWindow,
  FIRST_POLL_PLACE,
  type Head,
  takeInTurn,
} from '../../../src/store/rules/claim-verifications.ts'
import { type DueVerification, NEW, queueAfterPoll } from '../../../src/store/rules/poll-queues.ts'
import { type Asking, answer, answerTogether } from '../../../src/store/rules/questions.ts'
import { RUNNING } from '../../support/claimed-account.ts'

const AT = 1_000_000
const AGAIN = queueAfterPoll(NEW, 5_000)
const ACCOUNT = { ...RUNNING, id: 'acc', rate: 1_000_000, allowedAt: AT - 50 }

/** Rows of partners, each due at once, in a queue. */
const waitingOf = (counts: Record<string, number>, queue = AGAIN) => {
  const rows = new Map(
    Object.entries(counts).map(([partnerId, count], p) => [
      partnerId,
      Array.from({ length: count }, (_, n): DueVerification => ({ id: p * 1_000 + n, dueAt: AT - 10 })),
    ]),
  )
  const heads = [...rows.keys()].map((partnerId): Head => ({ partnerId, queue, dueAt: AT - 10 }))
  const asked: DueWindow[] = []
  const look = (window: DueWindow): DueVerification[] => {
    asked.push(window)
    const all = rows.get(window.partnerId) ?? []
    return all.filter(({ dueAt }) => dueAt > (window.after ?? 0)).slice(0, window.limit)
  }
  return { heads, look, asked }
}

test('a claim looks at no more partners than it takes rows', () => {
  const { heads, look, asked } = waitingOf(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, 3])))
  const { taken } = answer(takeInTurn(ACCOUNT, heads, { at: AT, free: 4, from: FIRST_POLL_PLACE }), look)
  expect(taken).toHaveLength(4)
  expect(asked).toHaveLength(4)
})

test('what one partner leaves of its share the next ones get', () => {
  const { heads, look } = waitingOf({ a: 1, b: 9, c: 9 })
  const { taken, place } = answer(takeInTurn(ACCOUNT, heads, { at: AT, free: 4, from: FIRST_POLL_PLACE }), look)
  expect(taken.map(({ id }) => id)).toEqual([0, 1_000, 1_001, 2_000])
  expect(place.lastServed).toBe('c')
})

test('partners that have nothing any more are passed over', () => {
  const { heads, look } = waitingOf({ a: 0, b: 0, c: 0, d: 2 })
  const { taken } = answer(takeInTurn(ACCOUNT, heads, { at: AT, free: 2, from: FIRST_POLL_PLACE }), look)
  expect(taken.map(({ id }) => id)).toEqual([3_000])
})

test('of a partner that has as many new ones as it may get, the fresh ones are looked for', () => {
  const { heads, look, asked } = waitingOf({ a: 3, b: 3 }, NEW)
  answer(takeInTurn(ACCOUNT, heads, { at: AT, free: 5, from: FIRST_POLL_PLACE }), look)
  expect(asked.map(({ partnerId, after }) => [partnerId, after === null])).toEqual([
    ['a', true],
    ['b', true],
    ['a', false],
    ['b', false],
  ])
})

test('several that ask side by side are each given the answers to their own questions, in rounds', async () => {
  function* asking(name: string, rounds: number): Asking<string, string, string> {
    const heard: string[] = []
    for (let n = 0; n < rounds; n++) heard.push(...(yield [`${name}${n}`, `${name}${n}'`]))
    return heard.join(' ')
  }
  const rounds: number[] = []
  const find = async (questions: readonly string[]) => {
    rounds.push(questions.length)
    return questions.map(question => question.toUpperCase())
  }
  const results = await answerTogether([asking('a', 1), asking('b', 0), asking('c', 2)], find)
  expect(results).toEqual(["A0 A0'", '', "C0 C0' C1 C1'"])
  expect(rounds).toEqual([4, 2])
})
