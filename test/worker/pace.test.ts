import { expect, test } from 'vitest'
import { createPace } from '../../src/worker/pace.ts'

test('waits for the end of the turn when there was no round lately, and for a while when there was', async () => {
  let now = 1_000
  const pace = createPace(() => now)
  const order: string[] = []
  const first = pace().then(() => order.push('first'))
  setImmediate(() => order.push('turn'))
  await first
  expect(order).toEqual(['first'])

  now += 0.2
  const second = pace().then(() => order.push('second'))
  await new Promise(resolve => setImmediate(resolve))
  expect(order).toEqual(['first', 'turn'])
  await second

  now += 5
  const third = pace().then(() => order.push('third'))
  await new Promise(resolve => setImmediate(resolve))
  await third
  expect(order).toEqual(['first', 'turn', 'second', 'third'])
})
