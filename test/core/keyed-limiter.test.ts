import { expect, test } from 'vitest'
import { yieldToLoop } from '../../src/core/clock.ts'
import { createKeyedLimiter } from '../../src/core/keyed-limiter.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

/** A limiter for items that are named by a letter, with the result of each. */
const openLimiter = (size: number) => {
  const clock = createFixedClock()
  const limiter = createKeyedLimiter<string>({ size, timeLimit: { waitMs: 1_000, clock } })
  const outcomes: string[] = []
  const acquire = (items: string, key = 'a.example') => {
    for (const item of items) {
      const acquisition = limiter.acquire(key, item)
      if (acquisition === 'acquired') outcomes.push(`${item} acquired`)
      else void acquisition.then(outcome => outcomes.push(`${item} ${outcome}`))
    }
  }
  const release = async () => {
    limiter.release('a.example')
    await yieldToLoop()
  }
  return { limiter, clock, outcomes, acquire, release }
}

test('lets so many hold a slot, and the others in the order in which they came', async () => {
  const { limiter, outcomes, acquire, release } = openLimiter(2)
  acquire('abcde')
  expect(outcomes).toEqual(['a acquired', 'b acquired'])
  expect([...limiter.counts]).toEqual([['a.example', 5]])
  for (const expected of ['c', 'd', 'e']) {
    await release()
    expect(outcomes.at(-1)).toBe(`${expected} acquired`)
  }
  for (let left = 2; left > 0; left--) await release()
  expect(limiter.counts.size).toBe(0)
})

test('ends a wait after its time limit', async () => {
  const { limiter, clock, outcomes, acquire, release } = openLimiter(1)
  acquire('ab')
  await clock.advance(500)
  acquire('c')
  await clock.advance(499)
  expect(outcomes).toEqual(['a acquired'])
  await clock.advance(100)
  expect(outcomes).toEqual(['a acquired', 'b timed_out'])
  expect([...limiter.counts]).toEqual([['a.example', 2]])
  await release()
  expect(outcomes.at(-1)).toBe('c acquired')
})
