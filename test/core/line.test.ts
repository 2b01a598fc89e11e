import { expect, test } from 'vitest'
import { line } from '../../src/cli/command.ts'
import { readLine } from '../../src/core/line.ts'
import { lineField } from '../../src/http/json/fields.ts'

test.each([
  ['Example Ltd', 'Example Ltd'],
  [' 示例科技 ', '示例科技'],
  ['👩‍👩‍👧 family', '👩‍👩‍👧 family'],
  ['a'.repeat(100), 'a'.repeat(100)],
])('%j is one line', (text, expected) => {
  expect(readLine(text, 100)).toBe(expected)
})

test.each([
  '',
  '  ',
  'a'.repeat(101),
  'a\nb',
  'a\u0000b',
  'a\u001b[31mb',
  'a\u0085b',
  'a\u2028b',
  'a\u200eb',
  'a\u061cb',
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'].map(c => `a${c}b`),
  'a\ud800',
])('%j is none, neither in a command nor in a body', text => {
  expect(readLine(text, 100)).toBeNull()
  expect(line(100).parse(text)).toBeNull()
  expect(lineField(100).safeParse(text).success).toBe(false)
})
