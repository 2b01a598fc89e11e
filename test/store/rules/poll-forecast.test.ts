import { expect, test } from 'vitest'
import { forecastPoll } from '../../../src/store/rules/poll-forecast.ts'
import { NEW, NEW_IN_BATCH, NUDGED, queueAfterPoll } from '../../../src/store/rules/poll-queues.ts'
import { answer } from '../../../src/store/rules/questions.ts'
import { RUNNING } from '../../support/claimed-account.ts'

const NOW = 1_000_000
const ACCOUNT = { ...RUNNING, allowedAt: NOW }
const AGAIN = queueAfterPoll(NEW, 5_000)
const AGAIN_IN_BATCH = queueAfterPoll(NEW_IN_BATCH, 5_000)
type Depths = [queue: number, due: number, earlier: number, stale?: number]
const forecast = (queue: number, depths: readonly Depths[], partners = 1) =>
  answer(
    forecastPoll({ queue, dueAt: NOW, queues: depths.map(([of]) => of), account: ACCOUNT, partners }, NOW),
    ({ queue: asked, of }) => {
      const [, due = 0, earlier = 0, stale = 0] = depths.find(([one]) => one === asked) ?? []
      return { due, earlier, stale }[of]
    },
  )
const before = (queue: number, ...depths: Depths[]) => forecast(queue, depths).before

test('alone it is asked at once', () => {
  expect(before(AGAIN, [AGAIN, 1, 0])).toBe(0)
})

test('a nudge waits for the nudges before it, and for as many others as there are turns in between', () => {
  expect(before(NUDGED, [NUDGED, 4, 3], [NEW, 500, 500])).toBe(3)
  expect(before(NUDGED, [NUDGED, 4, 3], [AGAIN, 500, 500])).toBe(6)
})

test('a fresh one waits for the fresh ones before it, and not for the others', () => {
  expect(before(NEW, [NEW, 1_000, 999, 990])).toBe(9)
})

test('one of a batch waits for what came by itself', () => {
  expect(before(NEW_IN_BATCH, [NEW, 10, 0], [NEW_IN_BATCH, 100, 40])).toBe(50)
  expect(before(AGAIN_IN_BATCH, [AGAIN, 10, 0], [AGAIN_IN_BATCH, 100, 40])).toBe(50)
})

test('the time follows from the rate, which the partners that wait share', () => {
  const depths: Depths[] = [[AGAIN, 100, 50]]
  expect(forecast(AGAIN, depths)).toMatchObject({ rate: 5, at: NOW + 10_000 })
  expect(forecast(AGAIN, depths, 2)).toMatchObject({ rate: 2.5, at: NOW + 20_000 })
})

test.each([
  [4_999, false],
  [5_000, true],
])('behind %i of a queue that is counted up to 5,000 there may be more: %s', (earlier, isAtLeast) => {
  expect(forecast(AGAIN, [[AGAIN, 5_000, earlier]])).toMatchObject({ before: earlier, isAtLeast })
})
