import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** `path/of.test.ts`: *title* */
const NAMED = /`(test\/[\w./-]+\.test\.ts)`: \*([^*]+)\*/g

const named = [...readFileSync(join(ROOT, 'docs/security.md'), 'utf8').matchAll(NAMED)].map(
  ([, file = '', title = '']) => ({ file, title }),
)

/** Titles as the source has them: an apostrophe may be escaped there, and a placeholder stands for itself. */
const hasTest = (file: string, title: string): boolean => {
  const path = join(ROOT, file)
  return existsSync(path) && [`'${title}'`, `\`${title}\``].some(text => readFileSync(path, 'utf8').includes(text))
}

describe('docs/security.md', () => {
  test('names tests for what it promises', () => {
    expect(named.length).toBeGreaterThan(30)
  })

  test.each(named)('$file has the test it names: $title', ({ file, title }) => {
    expect(hasTest(file, title)).toBe(true)
  })
})
