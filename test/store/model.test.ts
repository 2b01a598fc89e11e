import { expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { runAtOnce } from './support/model/at-once.ts'
import type { OpenEngine } from './support/model/engine.ts'
import { runHistories } from './support/model/histories.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

// How many, and from which seed on: support/model/histories.ts. The engines are compared in model-postgres.test.ts.

test('no history breaks an invariant in SQLite', { timeout: 0 }, () => runHistories([openSqliteEngine], 1, 40))

test('nor does one by two handles of a file', { timeout: 0 }, () => runHistories([openSqliteEngine], 2, 40))

test('nor do two handles of a file that are called at the same time', { timeout: 0 }, () =>
  runAtOnce(openSqliteEngine, 20),
)

/** The engine, with faults in its second handle. */
const openFaulty =
  (faultsOf: (store: Store) => Partial<Store>): OpenEngine =>
  async now => {
    const engine = await openSqliteEngine(now)
    const [one, other] = engine.handles
    return { ...engine, handles: [one, { ...other, ...faultsOf(other) }] }
  }

test('a difference between two engines is found, and shown as a short history', async () => {
  const openForgetful = openFaulty(() => ({ cancel: async () => null }))
  const found = runHistories([openSqliteEngine, openForgetful], 2, 200)
  await expect(found).rejects.toThrow(/shortest[\s\S]*SQLite/)
})

test('an event that a reader misses is found', async () => {
  const openHasty = openFaulty(store => ({
    listEvents: async (partnerId, query) => {
      const page = await store.listEvents(partnerId, query)
      return page.outcome === 'page' ? { ...page, events: page.events.slice(1) } : page
    },
  }))
  await expect(runAtOnce(openHasty, 50)).rejects.toThrow(/has not read/)
})
