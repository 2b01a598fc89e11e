import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../src/store')

/** A value that is decided, or filled in, where it is written: that is a rule's, beside the verbs of its noun. */
const DECIDES = /\bSET\b[^`;]*?\b(CASE\s+WHEN\b|(coalesce|ifnull|iif|nullif)\s*\()/i

const codeOf = (file: string) =>
  readFileSync(join(FOLDER, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))

test('no SQL decides anything', () => {
  expect(files.filter(file => DECIDES.test(codeOf(file)))).toEqual([])
})

test.each([
  "UPDATE messages SET state = CASE WHEN state = 'pending' THEN 'exhausted' ELSE state END",
  'UPDATE accounts SET paused_at = coalesce(paused_at, ?)',
])('a rule in SQL is seen: %s', text => {
  expect(text).toMatch(DECIDES)
})
