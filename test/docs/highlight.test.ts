import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Part = [kind: string, text: string]
const { partsOf } = (await import(new URL('../../docs/site/highlight.js', import.meta.url).href)) as {
  partsOf: (code: string, language: string) => Part[] | null
}
const of = (kind: string, code: string, language: string) =>
  partsOf(code, language)?.flatMap(([one, text]) => (one === kind ? [text] : []))

test.each([
  ['mjs', "const a = 'x // y' // z", ["'x // y'"], ['// z'], ['const']],
  ['js', 'if (!/^"\\d$/.test(a)) return `b # c`', ['/^"\\d$/', '`b # c`'], [], ['if', 'return']],
  ['py', '"""A\n# b"""\nx = f"#{y}"  # it\'s', ['"""A\n# b"""', '"#{y}"'], ["# it's"], []],
  ['php', "/* it's */ $a = 'b\\'c'; # d", ["'b\\'c'"], ["/* it's */", '# d'], ['$a']],
  ['rb', 'def a = "#{b}" # c', ['"#{b}"'], ['# c'], ['def']],
  ['cs', 'var a = @"b\\"; // c', ['@"b\\"'], ['// c'], ['var']],
  ['sh', 'curl -d \'{\n"a": 1}\' http://127.0.0.1:90/', ['\'{\n"a": 1}\''], [], ['curl']],
  ['json', '{"a": [1, true]}', ['"a"'], [], ['true']],
])('strings, comments and keywords of %s are told apart', (language, code, strings, comments, keywords) => {
  expect([of('string', code, language), of('comment', code, language), of('keyword', code, language)]).toEqual([
    strings,
    comments,
    keywords,
  ])
})

test.each([
  'receiver.mjs',
  'receiver.py',
  'receiver.php',
  'Receiver.java',
  'receiver.go',
  'Receiver.cs',
  'receiver.rb',
])('nothing of %s is lost, and no string runs on over many lines', name => {
  const code = readFileSync(new URL(`../../docs/examples/${name}`, import.meta.url), 'utf8')
  const parts = partsOf(code, name.split('.')[1] ?? '') ?? []
  expect(parts.map(([, text]) => text).join('')).toBe(code)
  expect(parts.filter(([kind, text]) => kind === 'string' && !/^"""/.test(text) && text.includes('\n'))).toEqual([])
})
