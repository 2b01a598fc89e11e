import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const sources = globSync('src/**/*.ts', { cwd: ROOT }).map(file => readFileSync(join(ROOT, file), 'utf8'))

const headingsOf = (file: string): string[] =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^#+ (?:<a id="[^"]+"><\/a>)?(.+)$/gm)].map(
    ([, text = '']) => text,
  )

/** The headings that the program names, in whichever of its sentences. */
const namedIn = (pattern: RegExp): string[] => [
  ...new Set(sources.flatMap(source => [...source.matchAll(pattern)].map(([, heading = '']) => heading))),
]

test.each([
  ['docs/operations.md', /["“]([A-Z][^"“”]+)["”] in docs\/operations\.md/g],
  ['docs/operations.zh-CN.md', /docs\/operations\.zh-CN\.md 的“([^”]+)”/g],
  ['docs/backup.md', /["“]([A-Z][^"“”]+)["”] in docs\/backup\.md/g],
  ['docs/backup.zh-CN.md', /docs\/backup\.zh-CN\.md 的“([^”]+)”/g],
])('what the program says to read in %s is there', (file, pattern) => {
  const named = namedIn(pattern)
  expect(named).not.toEqual([])
  expect(named.filter(heading => !headingsOf(file).includes(heading))).toEqual([])
})

test('readers of Chinese were sent to an English page', () => {
  const lines = sources.flatMap(source => source.split('\n'))
  expect(lines.filter(line => /\p{Script=Han}[^'`]*docs\/(?:operations|backup|postgresql)\.md/u.test(line))).toEqual([])
})
