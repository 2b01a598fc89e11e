import { expect, test, vi } from 'vitest'
import { SECOND } from '../../src/core/duration.ts'
import { createBackgroundJob, runBatches } from '../../src/worker/background-job.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

test('does all there is, in batches, until one finds nothing', async () => {
  const sizes: number[] = []
  let left = 25
  const done = await runBatches(
    async size => {
      sizes.push(size)
      const count = Math.min(size, left)
      left -= count
      return count
    },
    { size: 10 },
  )
  expect(done).toBe(25)
  expect(sizes).toEqual([10, 10, 10, 10])
})

test('while the database was away a job that is rung each second told so each second', async () => {
  const clock = createFixedClock()
  const emit = vi.fn()
  const batch = async () => {
    throw new Error('no database')
  }
  const job = createBackgroundJob({ batch, size: 10, event: 'bulk', clock, emit })
  const ringFor = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      job.ring()
      await clock.advance(SECOND)
    }
    return emit.mock.calls.splice(0).length
  }
  expect(await ringFor(60)).toBe(1)
  expect(await ringFor(60)).toBe(1)
})
