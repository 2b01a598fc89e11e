import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { clock } from '../../src/app/clock-and-ids.ts'

test("the thread's own time goes on while it works, and not while it waits", () => {
  const from = clock.threadCpu()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  expect(clock.threadCpu() - from).toBeLessThan(100)
  const until = clock.threadCpu() + 50
  const startedAt = clock.monotonic()
  while (clock.threadCpu() < until);
  expect(clock.monotonic() - startedAt).toBeGreaterThan(20)
})

test.each(['before', 'meanwhile'])(
  'a sleep whose signal aborts %s rejects with its reason, and leaves no listener',
  async when => {
    const ended = new AbortController()
    if (when === 'before') ended.abort('rung')
    const sleeping = clock.sleep(60_000, ended.signal)
    ended.abort('rung')
    await expect(sleeping).rejects.toBe('rung')
    expect(getEventListeners(ended.signal, 'abort')).toEqual([])
  },
)

test('a sleep that lasts as long as it should leaves no listener', async () => {
  const { signal } = new AbortController()
  await clock.sleep(1, signal)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
