import { onTestFinished, test } from 'vitest'
import { runAtOnce } from './support/model/at-once.ts'
import { runHistories } from './support/model/histories.ts'
import { makeStatementsLate } from './support/model/late-statements.ts'
import { openPostgresEngine } from './support/model/postgres-engine.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

// Fewer than on SQLite: each statement is a round trip. `MODEL_HISTORIES`, in support/model/histories.ts, runs more.

test('PostgreSQL and SQLite do the same in every history', { timeout: 0 }, () =>
  runHistories([openPostgresEngine, openSqliteEngine], 2, 30),
)

test('two handles of PostgreSQL that are called at the same time leave what fits together', { timeout: 0 }, () => {
  onTestFinished(makeStatementsLate())
  return runAtOnce(openPostgresEngine, 10)
})
