import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { changeBins, emptyBins, finishedOf } from '../../../src/core/polling/completion-bins.ts'
import { createPollLearner, withCare } from '../../../src/core/polling/learner.ts'
import { pollInterval } from '../../../src/core/polling/schedule.ts'

const RULE = { minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND }
const AGES = [0, 30 * SECOND, 5 * MINUTE, 60 * MINUTE]

const openLearner = () => {
  const learner = createPollLearner(RULE)
  let bins = emptyBins()
  return {
    learner,
    /** Checks that complete at about an age, each watched from the start. */
    finish: (checks: number, ageMs: number) => {
      for (let i = 0; i < checks; i++) {
        learner.watch({ fromMs: 0, toMs: ageMs, isComplete: false })
        learner.watch({ fromMs: ageMs, toMs: ageMs + 5 * SECOND, isComplete: true })
      }
      const lesson = learner.take()
      if (lesson) bins = changeBins(bins, lesson)
      learner.know(bins)
      return lesson
    },
    finished: () => finishedOf(bins),
    isByRule: () => AGES.every(age => learner.interval(age) === pollInterval(age, RULE)),
  }
}

describe('the learner', () => {
  test('keeps to the rule until 200 checks have finished, and then to what it has seen', () => {
    const { learner, finish, isByRule } = openLearner()
    for (let i = 0; i < 19; i++) finish(10, 10 * MINUTE)
    expect(isByRule()).toBe(true)
    for (let i = 0; i < 2; i++) finish(10, 10 * MINUTE)
    expect(isByRule()).toBe(false)
    expect(learner.interval(30 * SECOND)).toBeGreaterThan(7 * SECOND)
  })

  test('weighs the last thousand checks, not all there ever were', () => {
    const { finish, finished } = openLearner()
    for (let i = 0; i < 100; i++) finish(50, MINUTE)
    expect(finished()).toBeGreaterThan(900)
    expect(finished()).toBeLessThan(1_100)
  })
})

test('polls ages at which hardly any check was watched at least as often as the rule', () => {
  const learner = createPollLearner(RULE)
  for (let i = 0; i < 20; i++) learner.watch({ fromMs: 0, toMs: 10 * MINUTE, isComplete: false })
  const bins = learner.take()?.more ?? emptyBins()
  const rule = (age: number) => pollInterval(age, RULE)
  const rarely = withCare(() => 300 * SECOND, rule, bins)
  expect(rarely(5 * MINUTE)).toBe(300 * SECOND)
  expect(rarely(20 * MINUTE)).toBe(50 * SECOND)
  expect(withCare(() => 6 * SECOND, rule, bins)(20 * MINUTE)).toBe(6 * SECOND)
})
