import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderMarkdown } from '../../scripts/markdown.ts'

const ROOT = join(import.meta.dirname, '../..')
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const CHINESE = globSync(['*.zh-CN.md', 'docs/**/*.zh-CN.md'], { cwd: ROOT })
const PAIRS = CHINESE.map(chinese => [chinese.replace('.zh-CN', ''), chinese] as const)

const ORDER = ['Node', 'Python', 'PHP', 'Java', 'Go', 'C#', 'Ruby']
const BLOCK = /^```[\s\S]*?^```$/gm
/** The texts of answers, which are in the requested language. */
const PROBLEM_TEXT = /(?<="(?:title|detail|message|sentence|language)": )"(?:[^"\\\n]|\\.)*"/g
/** The code is the same, but for translated comments and the requested language. */
const blocksOf = (page: string): string[] =>
  (page.match(BLOCK) ?? []).map(block =>
    block.startsWith('```json\n')
      ? block.replaceAll(PROBLEM_TEXT, '"…"')
      : block.replaceAll(/(^|[ \t])(\/\/|#) .*$/gm, '').replace('accept-language: zh', 'accept-language: en'),
  )
const proseOf = (page: string): string => page.replaceAll(BLOCK, '')
/** By which alerts, errors and other pages lead there. */
const anchorsOf = (page: string): string[] => {
  const { html } = renderMarkdown(page, { linkTo: href => href, anchorLabel: '' })
  const inTables = [...proseOf(page).matchAll(/^\|.*?<a id="([^"]+)">/gm)].map(([, id]) => id)
  return [...[...html.matchAll(/<h\d id="([^"]+)"/g)].map(([, id]) => id), ...inTables].map(String)
}
const settingsOf = (page: string): string[] =>
  [...page.matchAll(/(?:<!-- (?:setting|verify): |\(frameworks\/)([\w.]+)/g)].map(([, name = '']) => name).toSorted()
const linesOf = (page: string, pattern: RegExp): number => page.match(pattern)?.length ?? 0
/** Texts between backquotes in running text: names of files, settings, fields, commands. */
const namesOf = (page: string): string[] =>
  [
    ...new Set(
      proseOf(page)
        .replaceAll(' --lang zh`', '`')
        .match(/`[^`\n]+`/g),
    ),
  ].toSorted()
/** Names of documents differ, and so do words that stand for something. */
const isTranslated = (name: string): boolean => /COMMAND|SERIAL|\.md|^`accept-language: en`$/i.test(name)

test('there is a Chinese page of whatever partners and operators are led to', () => {
  expect(CHINESE).toEqual(
    expect.arrayContaining([
      'README.zh-CN.md',
      ...[
        'start',
        'webhooks',
        'verify',
        'operate',
        'test-serials',
        'problems',
        'frameworks',
        'examples/README',
        'operations',
        'server',
      ].map(name => `docs/${name}.zh-CN.md`),
    ]),
  )
})

describe.each(PAIRS)('%s and %s', (english, chinese) => {
  const [en, zh] = [textOf(english), textOf(chinese)]

  test('have the same code, in the same order', () => {
    expect(blocksOf(zh)).toEqual(blocksOf(en))
  })

  test('have the languages of their code in one order', () => {
    const names = [...en.matchAll(/^```sh (.+)$/gm)].map(([, name = '']) => name)
    // A language that was there already begins another row of tabs.
    const places = names.map((name, index) => [
      names.slice(0, index).filter(one => one === name).length,
      ORDER.indexOf(name),
    ])
    expect(places).toEqual(places.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d))
  })

  test('have the same headings, by the same anchors', () => {
    expect(anchorsOf(zh)).toEqual(anchorsOf(en))
  })

  test('have the same values of settings', () => {
    expect(settingsOf(zh)).toEqual(settingsOf(en))
  })

  test('have tables and lists of the same length', () => {
    for (const pattern of [/^\|/gm, /^(- |\d+\. )/gm])
      expect(linesOf(proseOf(zh), pattern)).toBe(linesOf(proseOf(en), pattern))
  })

  test('name the same things', () => {
    const names = namesOf(zh)
    expect(namesOf(en).filter(name => !isTranslated(name) && !names.includes(name))).toEqual([])
  })
})

test.each(['README', 'docs/server', 'docs/operations', 'docs/backup', 'docs/postgresql'])(
  '%s and its Chinese page lead to each other',
  file => {
    const name = file.split('/').at(-1)
    expect(textOf(`${file}.md`)).toContain(`(${name}.zh-CN.md)`)
    expect(textOf(`${file}.zh-CN.md`)).toContain(`(${name}.md)`)
  },
)
