import { expect, test, vi } from 'vitest'
import { SECOND } from '../../src/core/duration.ts'
import { createBackgroundJob } from '../../src/worker/background-job.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

test('while the database was away a job that is rung each second told so each second', async () => {
  const clock = createFixedClock()
  const emit = vi.fn()
  const batch = async () => {
    throw new Error('no database')
  }
  const job = createBackgroundJob({ batch, event: 'bulk', clock, emit })
  const ringFor = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      job.wakeUp()
      await clock.advance(SECOND)
    }
    return emit.mock.calls.splice(0).length
  }
  expect(await ringFor(60)).toBe(1)
  expect(await ringFor(60)).toBe(1)
})
