import { test } from 'vitest'
import { runAtOnce } from './support/model/at-once.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

test('two handles that are called at the same time leave nothing that does not fit together', { timeout: 60_000 }, () =>
  runAtOnce(openSqliteEngine, 200),
)
