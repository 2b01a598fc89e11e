import { expect, test } from 'vitest'
import { createCommandWatch } from '../../src/operator/command-watch.ts'
import type { Stats } from '../../src/store/stats/stats.ts'

const AT = Date.parse('2026-11-26T03:00:00Z')

test('a start with deliveries held tells it once, and their end', () => {
  const told: unknown[] = []
  const look = createCommandWatch((...event) => void told.push(event))
  const check = (heldAt: number | null) => {
    told.length = 0
    look({ deliveries: { heldAt }, backup: { good: null, failed: null } } as Stats)
    return [...told]
  }
  expect(check(AT)).toEqual([
    [
      'deliveries.held',
      { since: '2026-11-26T03:00:00.000Z', advice: 'to send again, run: idface-notifier deliveries resume' },
    ],
  ])
  expect(check(AT)).toEqual([])
  expect(check(null)).toEqual([['deliveries.resumed']])
})
