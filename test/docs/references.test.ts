import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PAGES } from '../../scripts/served-docs.ts'
import { createClient } from '../../src/client/index.ts'

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

describe.each(['', '.zh-CN'])('the pages for partners%s', ending => {
  const FENCED = /^```[\s\S]*?^```$/gm
  const pages = PAGES.flatMap(({ source }) => source ?? []).map(source =>
    readFileSync(join(ROOT, 'docs', `${source}${ending}.md`), 'utf8'),
  )
  const examples = globSync('docs/examples/*.[a-z]*', { cwd: ROOT }).filter(file => !file.endsWith('.md'))
  const code = [
    ...pages.flatMap(page => page.match(FENCED) ?? []),
    ...examples.map(file => readFileSync(join(ROOT, file), 'utf8')),
  ].join('\n')
  const client = Object.keys(createClient({ baseUrl: 'https://notifier.example', apiKey: 'ifn_x' }))
  /** As a call whose first argument is of the same kind, as a name that is declared, or as a method of the client. */
  const isKnown = (name: string, brace: string) =>
    client.includes(name) ||
    new RegExp(`\\b${name}\\(${brace === '' ? '(?!\\{)' : '\\{'}|\\b${name}(:| =[ >])|, ${name}\\)`).test(code)

  test('name in their sentences no call that no block has', () => {
    const named = pages
      // What frameworks have of their own is called in the blocks that test/examples runs.
      .filter(page => !page.includes('Laravel'))
      .flatMap(page => page.replaceAll(FENCED, '').match(/`[^`\n]+`/g) ?? [])
      .flatMap(text => [...text.matchAll(/(?<![.\w])([A-Za-z_]\w*)\((\{?)/g)].map(found => ({ text, found })))
    expect(named.length).toBeGreaterThan(5)
    const unknown = named.filter(
      ({ text, found: [, name = '', brace = ''] }) => !isKnown(name, brace) && !text.includes(`${name}) =>`),
    )
    expect(unknown.map(({ text }) => text)).toEqual([])
  })
})
