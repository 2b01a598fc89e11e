import { expect, test } from 'vitest'
import { type DueVerification, FRESH_MS, NEW, queueAfterPoll } from '../../../src/store/rules/poll-queues.ts'
import { type Asking, answer, answerTogether } from '../../../src/store/rules/questions.ts'
import { type DueWindow, FIRST_POLL_PLACE, type Head, takeRoundRobin } from '../../../src/store/verification-claims.ts'
import { RUNNING } from '../../support/claimed-account.ts'

const AT = 1_000_000
const AGAIN = queueAfterPoll(NEW, 5_000)
const ACCOUNT = { ...RUNNING, id: 'acc', rate: 1_000_000, allowedAt: AT - 50 }

/** Rows of partners, each due since then, in a queue. */
const waitingOf = (counts: Record<string, number>, { queue = AGAIN, dueAt = AT - 10 } = {}) => {
  const rows = new Map(
    Object.entries(counts).map(([partnerId, count], p) => [
      partnerId,
      Array.from({ length: count }, (_, n): DueVerification => ({ id: p * 1_000 + n, dueAt })),
    ]),
  )
  const heads = [...rows.keys()].map((partnerId): Head => ({ partnerId, queue, dueAt }))
  const asked: DueWindow[] = []
  const look = (window: DueWindow): DueVerification[] => {
    asked.push(window)
    const all = rows.get(window.partnerId) ?? []
    return all.filter(({ dueAt }) => dueAt > window.after).slice(0, window.limit)
  }
  return { heads, look, asked }
}

test('a claim looks at no more partners than it takes rows', () => {
  const { heads, look, asked } = waitingOf(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, 3])))
  const { taken } = answer(takeRoundRobin(ACCOUNT, heads, { at: AT, free: 4, from: FIRST_POLL_PLACE }), look)
  expect(taken).toHaveLength(4)
  expect(asked).toHaveLength(4)
})

test('what one partner leaves of its share the next claim gives to those after it', () => {
  const { heads, look } = waitingOf({ a: 1, b: 9, c: 9 })
  const { taken, place } = answer(takeRoundRobin(ACCOUNT, heads, { at: AT, free: 4, from: FIRST_POLL_PLACE }), look)
  expect(taken.map(({ id }) => id)).toEqual([0, 1_000, 1_001])
  const next = answer(takeRoundRobin(ACCOUNT, heads, { at: AT, free: 1, from: place }), look)
  expect(next.taken.map(({ id }) => id)).toEqual([2_000])
})

test('a claim looks at a queue from its head on, and where it takes all that is new, at what is fresh', () => {
  const dueAt = AT - 2 * FRESH_MS
  const { heads, look, asked } = waitingOf({ a: 3, b: 3 }, { queue: NEW, dueAt })
  answer(takeRoundRobin(ACCOUNT, heads, { at: AT, free: 5, from: FIRST_POLL_PLACE }), look)
  expect(asked.map(({ partnerId, after }) => [partnerId, after])).toEqual([
    ['a', dueAt - 1],
    ['b', dueAt - 1],
    ['a', AT - FRESH_MS],
    ['b', AT - FRESH_MS],
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
