import { test } from 'vitest'
import { runHistories } from './support/model/histories.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

/** How many, and from which seed on: support/model/histories.ts. */
test('SQLite does in every history what the reference store does', { timeout: 0 }, () =>
  runHistories(openSqliteEngine, 1, 800),
)
