import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** `path/of.test.ts`: *title* */
const NAMED = /`(test\/[\w./-]+\.(?:ts|txt))`: \*([^*]+)\*/g

/** Titles as the source has them: an apostrophe may be escaped there, and a placeholder stands for itself. In a text a mutant has it. */
const hasTest = (file: string, title: string): boolean => {
  const path = join(ROOT, file)
  return (
    existsSync(path) &&
    [`'${title}'`, `\`${title}\``, ...(file.endsWith('.txt') ? [` ${title}`] : [])].some(text =>
      readFileSync(path, 'utf8').includes(text),
    )
  )
}

describe.each(['docs/security.md', 'docs/reliability.md', 'test/chaos/README.md'])('%s', page => {
  const named = [...readFileSync(join(ROOT, page), 'utf8').matchAll(NAMED)].map(([, file = '', title = '']) => ({
    file,
    title,
  }))

  test('names tests for what it promises', () => {
    expect(named.length).toBeGreaterThan(20)
  })

  test.each(named)('$file has the test it names: $title', ({ file, title }) => {
    expect(hasTest(file, title)).toBe(true)
  })
})
