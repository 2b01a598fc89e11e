import { expect, test } from 'vitest'
import type { LastBackup, Stats } from '../../src/store/store.ts'
import { createCommandWatch } from '../../src/worker/command-watch.ts'

const AT = Date.parse('2026-11-26T03:00:00Z')

const open = (start: { heldAt?: number; backup?: LastBackup } = {}) => {
  const state = { heldAt: start.heldAt ?? null, backup: start.backup ?? { good: null, failed: null }, isBroken: false }
  const told: unknown[] = []
  const read = async <T>(value: T): Promise<T> => {
    if (state.isBroken) throw new Error('the database cannot be used now')
    return value
  }
  const watch = createCommandWatch({
    store: { stats: () => read({ deliveries: { heldAt: state.heldAt }, backup: state.backup } as Stats) },
    emit: (...event) => void told.push(event),
  })
  return {
    state,
    check: async () => {
      told.length = 0
      await watch.check()
      return [...told]
    },
  }
}

test('a start with deliveries held tells it once, and their end', async () => {
  const { state, check } = open({ heldAt: AT })
  expect(await check()).toEqual([
    [
      'deliveries.held',
      { since: '2026-11-26T03:00:00.000Z', advice: 'to send again, run: idface-notifier deliveries resume' },
    ],
  ])
  expect(await check()).toEqual([])
  state.heldAt = null
  expect(await check()).toEqual([['deliveries.resumed']])
})
