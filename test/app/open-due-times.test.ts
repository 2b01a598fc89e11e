import { expect, test, vi } from 'vitest'
import { openDueTimes } from '../../src/app/open-due-times.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { HOUR } from '../../src/core/duration.ts'
import type { Store } from '../../src/store/store.ts'
import { serviceEnvironment } from '../support/service.ts'

const open = () => {
  const read = readConfig(serviceEnvironment({ folder: '/nowhere', upstreamUrl: 'http://127.0.0.1:1' }), 'upstream')
  if (!read.ok) throw new Error('the settings are those of every test')
  const beats: (() => void)[] = []
  const time = { now: 0 }
  const clock = {
    now: () => time.now,
    monotonic: () => 0,
    threadCpu: () => 0,
    sleep: () => new Promise<void>(resolve => void beats.push(resolve)),
  }
  const [mendDueTimes, hastenAlerts] = [vi.fn(async () => 0), vi.fn(async () => {})]
  const emit = vi.fn()
  const store = { now: clock.now, mendDueTimes, hastenAlerts } satisfies Partial<Store> as unknown as Store
  const begin = () => openDueTimes({ config: read.config, store, clock, emit })
  const beat = async () => {
    beats.shift()?.()
    await vi.waitFor(() => expect(beats).toHaveLength(1), 15_000)
  }
  return { begin, beat, time, emit, mendDueTimes, hastenAlerts }
}

test('operators are told at once, after the clock was set back, what was due later', async () => {
  const { begin, beat, hastenAlerts, time } = open()
  begin()
  await beat()
  expect(hastenAlerts).not.toHaveBeenCalled()
  time.now -= HOUR / 2
  hastenAlerts.mockRejectedValueOnce(new Error('away'))
  await beat()
  await vi.waitFor(() => expect(hastenAlerts).toHaveBeenCalledTimes(1), 15_000)
  await beat()
  await vi.waitFor(() => expect(hastenAlerts).toHaveBeenCalledTimes(2), 15_000)
  await beat()
  expect(hastenAlerts).toHaveBeenCalledTimes(2)
})

test('C1: what could not be mended, since the database was away, is mended with the next beat', async () => {
  const { begin, beat, mendDueTimes, emit } = open()
  mendDueTimes.mockRejectedValueOnce(new Error('away'))
  begin()
  await vi.waitFor(() => expect(emit).toHaveBeenCalledWith('due_times.failed', expect.anything()), 15_000)
  for (let n = 1; n <= 3; n++) await beat()
  await vi.waitFor(() => expect(mendDueTimes).toHaveBeenCalledTimes(2), 15_000)
})
