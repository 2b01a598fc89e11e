import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../src/store')

/** What decides, or fills in what is missing: that is a rule's, and stands in src/store/rules or beside its noun. */
const DECIDES =
  /\bCASE\s+WHEN\b|\bCASE\b[^'"`]*\bWHEN\b|\b(coalesce|ifnull|iif|nullif)\s*\(|\bNOT\s+EXISTS\b|\bNOT\s+IN\b/i

const codeOf = (file: string) =>
  readFileSync(join(FOLDER, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(file =>
  /^(sqlite|postgres)\/.*\.ts$/.test(file),
)

test('the SQL of an engine decides nothing', () => {
  expect(files.filter(file => DECIDES.test(codeOf(file)))).toEqual([])
})

test.each([
  "UPDATE messages SET state = CASE WHEN state = 'pending' THEN 'exhausted' ELSE state END",
  'UPDATE accounts SET paused_at = coalesce(paused_at, ?)',
  'SELECT id FROM verifications v WHERE NOT EXISTS (SELECT 1 FROM registrations)',
  'SELECT id FROM lanes WHERE host NOT IN (SELECT value FROM json_each(?))',
])('a rule in SQL is seen: %s', text => {
  expect(text).toMatch(DECIDES)
})
