import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokenLinks } from '../../scripts/links.ts'
import { openFolder } from '../support/service.ts'

test('the links of the documents lead somewhere', () => {
  expect(brokenLinks()).toEqual([])
})

test('a link to no file, to no heading or to what is no file is found', async () => {
  await using folder = await openFolder()
  await mkdir(join(folder.path, 'docs'))
  await writeFile(
    join(folder.path, 'docs/a.md'),
    '# A\n\n## One two\n\n[good](b.md#three) [and](#one-two) [out](https://x.example/) [up](../docs)',
  )
  await writeFile(
    join(folder.path, 'docs/b.md'),
    '# Three\n\n[x](c.md) [y](a.md#nothing) [z](#four) [s](javascript:alert(1))\n\n```md\n[not](a-link.md)\n```',
  )
  expect(brokenLinks(folder.path)).toEqual([
    'docs/b.md: c.md leads to no file',
    'docs/b.md: a.md#nothing leads to no heading',
    'docs/b.md: #four leads to no heading',
    'docs/b.md: javascript:alert(1) is no link to a file or an https address',
  ])
})
