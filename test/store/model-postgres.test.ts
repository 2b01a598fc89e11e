import { onTestFinished, test } from 'vitest'
import { makeStatementsLate, runAtOnce } from './support/model/at-once.ts'
import { runHistories } from './support/model/histories.ts'
import { openPostgresEngine } from './support/model/postgres-engine.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

test('PostgreSQL and SQLite do the same in every history', { timeout: 0 }, () =>
  runHistories([openPostgresEngine, openSqliteEngine], 2, 10),
)

test('two handles of PostgreSQL that are called at the same time leave rows that fit together', { timeout: 0 }, () => {
  onTestFinished(makeStatementsLate())
  return runAtOnce(openPostgresEngine, 2)
})
