import type { OpenStore } from '../support/store.ts'
import { describeStore } from './conformance.ts'
import { createMemoryStore } from './support/memory/store.ts'

const open: OpenStore = async ({ rate }) => {
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const store = createMemoryStore({ now: () => clock.now, defaultRate: rate })
  return {
    store,
    advance: ms => {
      clock.now += ms
    },
  }
}

describeStore('the reference store in memory', open)
