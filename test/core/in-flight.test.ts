import { expect, test } from 'vitest'
import { createInFlight } from '../../src/core/keyed-limiter.ts'

test('counts by key and in total, and forgets a key with nothing under way', () => {
  const inFlight = createInFlight()
  for (const key of ['a', 'a', 'b']) inFlight.start(key)
  expect([...inFlight.counts]).toEqual([
    ['a', 2],
    ['b', 1],
  ])
  expect(inFlight.total()).toBe(3)
  inFlight.end('b')
  inFlight.end('a')
  expect([...inFlight.counts]).toEqual([['a', 1]])
  expect(inFlight.total()).toBe(1)
})

test('tells everybody who waits when the last one ends, and not before', async () => {
  const inFlight = createInFlight()
  inFlight.start('a')
  inFlight.start('b')
  const told: string[] = []
  const waits = ['one', 'two'].map(name => inFlight.whenIdle().then(() => told.push(name)))
  inFlight.end('a')
  await new Promise(setImmediate)
  expect(told).toEqual([])
  inFlight.end('b')
  await Promise.all(waits)
  expect(told).toEqual(['one', 'two'])
})
