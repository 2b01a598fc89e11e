import { expect, test } from 'vitest'
import type { OpenEngine } from './support/model/engine.ts'
import { runHistories } from './support/model/histories.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

// How many, and from which seed on: support/model/histories.ts. What they answer is compared in model-postgres.test.ts.

test('no history leaves SQLite with what must never be', { timeout: 0 }, () => runHistories([openSqliteEngine], 1, 200))

test('nor does one by two handles of a file', { timeout: 0 }, () => runHistories([openSqliteEngine], 2, 200))

test('what one of two does otherwise is found, and shown as a short history', async () => {
  const openForgetful: OpenEngine = async options => {
    const engine = await openSqliteEngine(options)
    const handles = engine.handles.map(store => ({ ...store, enableCallback: async () => null }))
    return { ...engine, handles: handles as unknown as typeof engine.handles }
  }
  const found = runHistories([openSqliteEngine, openForgetful], 1, 200)
  await expect(found).rejects.toThrow(/enableCallback[\s\S]*enableCallback/)
})
