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
