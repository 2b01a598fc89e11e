import type { OpenStore } from '../support/store.ts'
import { describeSharedStore, describeStore } from './conformance.ts'
import { createMemoryStore } from './support/memory/store.ts'
import { createTables } from './support/memory/tables.ts'

const openTwo = async ({ rate }: { rate: number }) => {
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const options = { now: () => clock.now, defaultRate: rate, tables: createTables() }
  return {
    store: createMemoryStore(options),
    other: createMemoryStore(options),
    advance: (ms: number) => {
      clock.now += ms
    },
  }
}

describeStore('the reference store in memory', openTwo satisfies OpenStore)
describeSharedStore('two handles of the reference store', openTwo)
