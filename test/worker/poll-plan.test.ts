import { expect, test, vi } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { type BinsChange, changeBins, emptyBins, finishedOf } from '../../src/core/polling/completion-bins.ts'
import { createPollPlan } from '../../src/worker/poll-plan.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { SUCCESS, UNREACHABLE, WAITING } from '../support/store.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const RULE = { minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND }
/** Registered a minute ago, and last polled ten seconds ago. */
const ASKED = { nudgedAt: NOW - MINUTE, lastPolledAt: NOW - 10 * SECOND, failures: 0, invalidIds: 0 }

const openPlan = () => {
  let bins = emptyBins()
  const changes: BinsChange[] = []
  const clock = createFixedClock()
  const store = {
    changeCompletions: async (_: string, change: BinsChange) => {
      changes.push(change)
      bins = changeBins(bins, change)
    },
    completionsOf: async () => bins,
  }
  const plan = createPollPlan({ store, schedule: RULE, clock })
  const polled = (answer: Answer, more: Partial<typeof ASKED> | { lastPolledAt: null } = {}) =>
    plan.polled('acc_1', { ...ASKED, ...more }, { answer, askedAt: NOW })
  return { plan, polled, changes, store, clock, bins: () => bins }
}

test('goes by the rule on a new database', () => {
  const { plan } = openPlan()
  for (const [age, interval] of [
    [0, 5 * SECOND],
    [240 * SECOND, 10 * SECOND],
    [3 * 60 * MINUTE, 300 * SECOND],
  ] as const)
    expect(plan.intervalMs('acc_1', age)).toBe(interval)
})

test('writes many verdicts at once, and what is left when it stops', async () => {
  const { plan, polled, changes, bins } = openPlan()
  for (let i = 0; i < 50; i++) polled(SUCCESS)
  expect(changes).toHaveLength(0)
  await plan.stop()
  expect(changes).toHaveLength(1)
  expect(finishedOf(bins())).toBeCloseTo(50)
})

test.each<[string, Answer, Parameters<ReturnType<typeof openPlan>['polled']>[1]]>([
  ['an answer that tells nothing of the check', UNREACHABLE, {}],
  ['a poll after one that told nothing', SUCCESS, { failures: 1 }],
  ['a poll after 4060', WAITING, { invalidIds: 1 }],
  ['a first poll', SUCCESS, { lastPolledAt: null }],
  ['the first poll after a hint', SUCCESS, { nudgedAt: NOW - SECOND }],
])('does not count %s', async (_, answer, more) => {
  const { plan, polled, changes } = openPlan()
  polled(answer, more)
  await plan.stop()
  expect(changes).toHaveLength(0)
})

test('uses what was learned before the start', async () => {
  const first = openPlan()
  for (let i = 0; i < 400; i++) {
    first.polled(WAITING, { lastPolledAt: ASKED.nudgedAt })
    first.polled(SUCCESS)
  }
  await first.plan.stop()
  const second = createPollPlan({ store: first.store, schedule: RULE, clock: first.clock })
  expect(second.intervalMs('acc_1', 0)).toBe(5 * SECOND)
  await vi.waitFor(() => expect(second.intervalMs('acc_1', 0)).toBeGreaterThan(6 * SECOND), 15_000)
})
