import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A literal after `zh:`, which may go on over several lines, and have others within `${}`. */
const CHINESE_TEXT = /\bzh:\s*(?:'((?:[^'\\]|\\.)*)'|`((?:\$\{(?:[^`}]|`[^`]*`)*\}|[^`\\]|\\.)*)`)/g
/** The name of a file, of a setting or call of the vendor, or of the language that a link leads to. */
const NAME = /^([\w./-]+\.md|APIID|APIKEY|GetResult|English)$/

test('no text that is to be Chinese is English', () => {
  const root = new URL('../', import.meta.url)
  const texts = globSync('src/**/*.ts', { cwd: root }).flatMap(path =>
    [...readFileSync(new URL(path, root), 'utf8').matchAll(CHINESE_TEXT)].map(([, quoted, template]) => ({
      path,
      text: (quoted ?? template ?? '').replace(/\$\{[^}]*\}/g, ''),
    })),
  )
  expect(texts.length).toBeGreaterThan(200)
  const english = texts.filter(
    ({ text }) => /[A-Za-z]{4}/.test(text) && !/\p{Script=Han}/u.test(text) && !NAME.test(text),
  )
  expect(english).toEqual([])
})
