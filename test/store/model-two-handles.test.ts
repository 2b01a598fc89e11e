import { test } from 'vitest'
import { runHistories } from './support/model/histories.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

/** In a file of its own, so that it runs beside those of one handle. More find what is rare: model-faults.test.ts. */
test('two handles of one database do in every history what those of the reference store do', { timeout: 0 }, () =>
  runHistories(openSqliteEngine, 2, 1_200),
)
