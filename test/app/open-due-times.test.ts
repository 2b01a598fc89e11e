import { expect, test, vi } from 'vitest'
import { openDueTimes } from '../../src/app/open-due-times.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { Store } from '../../src/store/store.ts'
import { serviceEnvironment } from '../support/service.ts'

test('C1: what could not be mended, since the database was away, is mended with the next beat', async () => {
  const read = readConfig(serviceEnvironment({ folder: '/nowhere', upstreamUrl: 'http://127.0.0.1:1' }), 'upstream')
  if (!read.ok) throw new Error('the settings are those of every test')
  const beats: (() => void)[] = []
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    threadCpu: () => 0,
    sleep: () => new Promise<void>(resolve => void beats.push(resolve)),
  }
  const mendDueTimes = vi.fn(async () => 0).mockRejectedValueOnce(new Error('away'))
  const emit = vi.fn()
  const store = { now: clock.now, mendDueTimes } satisfies Partial<Store> as unknown as Store
  openDueTimes({ config: read.config, store, clock, emit })
  await vi.waitFor(() => expect(emit).toHaveBeenCalledWith('due_times.failed', expect.anything()), 15_000)
  for (let beat = 1; beat <= 3; beat++) {
    beats.shift()?.()
    await vi.waitFor(() => expect(beats).toHaveLength(1), 15_000)
  }
  await vi.waitFor(() => expect(mendDueTimes).toHaveBeenCalledTimes(2), 15_000)
})
