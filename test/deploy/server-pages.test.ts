import { expect, test } from 'vitest'
import { textOf } from './files.ts'

const english = textOf('docs/server.md')
const chinese = textOf('docs/server.zh-CN.md')

const blocksOf = (page: string): string[] => page.match(/^```sh\n[\s\S]*?^```$/gm) ?? []
/** Its steps, by the depth of their headings: the words differ. */
const outlineOf = (page: string): string[] => page.replaceAll(/^```[\s\S]*?^```$/gm, '').match(/^#+ (\d\.)?/gm) ?? []
/** What stands between backquotes in running text: names of files, settings, commands. */
const namesOf = (page: string): string[] =>
  [...new Set(page.replaceAll(/^```[\s\S]*?^```$/gm, '').match(/`[^`]+`/g))].toSorted()

test('both pages about a server have the same commands, in the same order', () => {
  expect(blocksOf(english)).not.toEqual([])
  expect(blocksOf(chinese)).toEqual(blocksOf(english))
})

test('both pages about a server have the same steps, and name the same things', () => {
  expect(outlineOf(chinese)).toEqual(outlineOf(english))
  expect(namesOf(english).filter(name => !/COMMAND/.test(name) && !namesOf(chinese).includes(name))).toEqual([])
})

test('the Chinese page about a server is found from the other and from the Chinese README', () => {
  expect(english).toContain('(server.zh-CN.md)')
  expect(textOf('README.zh-CN.md')).toContain('(docs/server.zh-CN.md)')
  expect(chinese).toContain('(server.md)')
})

test('the Chinese page about a server has full-width punctuation', () => {
  const words = chinese.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`]+`|\]\([^)]+\)/g, '')
  expect(words.match(/.{0,10}\p{Script=Han}[,;:!?()].{0,10}/gu)).toBeNull()
})
