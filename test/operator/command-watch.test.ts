import { expect, test } from 'vitest'
import { createCommandWatch } from '../../src/operator/command-watch.ts'
import type { Stats } from '../../src/store/stats/stats.ts'

const AT = Date.parse('2026-11-26T03:00:00Z')

/** What a look at these is told. */
const openWatch = () => {
  const told: unknown[] = []
  const look = createCommandWatch((...event) => void told.push(event))
  return (heldAt: number | null, backup: Stats['backup'] = { good: null, failed: null }) => {
    look({ deliveries: { heldAt }, backup } as Stats)
    return told.splice(0)
  }
}

test('a start with deliveries held tells it once, and their end', () => {
  const check = openWatch()
  expect(check(AT)).toEqual([
    [
      'deliveries.held',
      { since: '2026-11-26T03:00:00.000Z', advice: 'to send again, run: idface-notifier deliveries resume' },
    ],
  ])
  expect(check(AT)).toEqual([])
  expect(check(null)).toEqual([['deliveries.resumed']])
})

test('tells each new backup once, and that one has failed', () => {
  const look = openWatch()
  const check = (backup: Stats['backup']) => look(null, backup)
  const good = (at: number) => ({ at, bytes: 4_096 })
  expect(check({ good: good(AT), failed: null } as Stats['backup'])).toEqual([])
  const made = { good: good(AT + 1_000), failed: null } as Stats['backup']
  expect(check(made)).toEqual([['backup.done', { at: '2026-11-26T03:00:01.000Z', bytes: 4_096 }]])
  expect(check(made)).toEqual([])
  const failed = { ...made, failed: { at: AT + 2_000, reason: 'no_room' } } as Stats['backup']
  expect(check(failed)).toEqual([['backup.failed', { at: '2026-11-26T03:00:02.000Z', reason: 'no_room' }]])
})
