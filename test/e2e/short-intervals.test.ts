import { expect, test } from 'vitest'
import { openStage } from './stage.ts'

/** Between the calls, in ms; a busy machine may delay some of them. */
const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - (times[i] ?? 0))
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

test('a polling interval under a second is kept on a quiet service', async () => {
  await using stage = await openStage({ POLL_MIN_INTERVAL: '200ms' })
  const { upstream } = stage
  await stage.register({ status: 'ING' })
  const calls = await upstream.waitFor(8)
  const gap = median(gapsOf(calls.map(({ at }) => at)))
  expect(gap).toBeGreaterThanOrEqual(195)
  // Rounds look again each second anyway: that is what it was.
  expect(gap).toBeLessThan(900)
})

test('a retry delay under a second is kept on a quiet service', async () => {
  await using stage = await openStage({ RETRY_SCHEDULE: '200ms,200ms,200ms,200ms,200ms' })
  const { api, receiver } = stage
  receiver.plan('/hook', [500, 500, 500, 500, 500])
  const { id } = await stage.register({ status: 'SUCCESS' })
  await api.until(id, ({ delivery }) => delivery.state === 'delivered')
  const gap = median(gapsOf(receiver.received.map(({ at }) => at)))
  expect(gap).toBeGreaterThanOrEqual(155)
  expect(gap).toBeLessThan(900)
})
