import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { Store } from '../../src/store/store.ts'
import { createEmit, type TelemetryEvent } from '../../src/telemetry/emit.ts'
import { createEventCounts } from '../../src/telemetry/event-counts.ts'
import { createHistoryRecorder } from '../../src/worker/history-recorder.ts'
import { openBench } from '../support/store.ts'

const START = Date.parse('2026-11-24T16:20:30.000Z')
const MINUTE_OF_START = Date.parse('2026-11-24T16:20:00.000Z')

const open = async (change: (store: Store) => Partial<Store> = () => ({})) => {
  const clock = { now: START }
  const store = await openSqliteStore({
    path: ':memory:',
    masterKey: randomBytes(32),
    now: () => clock.now,
    defaultRate: 5,
  })
  onTestFinished(() => store.close())
  const bench = await openBench(async () => ({
    store,
    advance: ms => {
      clock.now += ms
    },
  }))
  const told: TelemetryEvent[] = []
  const counts = createEventCounts(store.now)
  const emit = createEmit([counts.listen, event => void told.push(event)])
  const recorder = createHistoryRecorder({ store: { ...store, ...change(store) }, counts, emit })
  const count = () =>
    emit('registration.answered', { partnerId: 'partner_1', registrationId: 'reg_1', answer: 'created' })
  const minutes = () => store.listHistory({ resolution: 'minute', from: 0, to: Number.MAX_SAFE_INTEGER })
  const points = async () => (await minutes()).points
  return { clock, bench, recorder, count, minutes, points, told }
}

test('records a minute when it is over, with what waited at its end', async () => {
  const { clock, bench, recorder, count, points } = await open()
  await bench.register()
  count()
  recorder.look()
  expect(await points()).toEqual([])
  clock.now += 30 * SECOND
  count()
  recorder.look()
  await expect.poll(points).toEqual([
    {
      at: MINUTE_OF_START,
      sums: { 'registrations.created': 1 },
      maxima: { polls_due: 1, polls_oldest_ms: 30 * SECOND, deliveries_due: 0, deliveries_oldest_ms: 0 },
    },
    { at: MINUTE_OF_START + MINUTE, sums: { 'registrations.created': 1 }, maxima: {} },
  ])
})

test('records a minute too in which nothing happened', async () => {
  const { clock, recorder, points } = await open()
  clock.now += MINUTE
  recorder.look()
  await expect.poll(points).toMatchObject([{ at: MINUTE_OF_START, sums: {}, maxima: { polls_due: 0 } }])
})

test('at its end records what the minute had until then, and when it began', async () => {
  const { recorder, count, minutes } = await open()
  recorder.begin('1.2.3')
  count()
  await recorder.stop()
  expect(await minutes()).toEqual({
    points: [{ at: MINUTE_OF_START, sums: { 'registrations.created': 1 }, maxima: {} }],
    starts: [{ at: START, version: '1.2.3' }],
  })
})

test('what could not be written is written with the next minute', async () => {
  let fails = true
  const { clock, recorder, count, points, told } = await open(store => ({
    addHistory: some => (fails ? Promise.reject(new Error('full')) : store.addHistory(some)),
  }))
  count()
  clock.now += MINUTE
  recorder.look()
  await expect.poll(() => told.map(({ name }) => name)).toContain('history.failed')
  fails = false
  clock.now += MINUTE
  recorder.look()
  await expect.poll(points).toMatchObject([
    { at: MINUTE_OF_START, sums: { 'registrations.created': 1 } },
    { at: MINUTE_OF_START + MINUTE, sums: {} },
  ])
})
