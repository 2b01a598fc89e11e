import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { brokenLinks, brokenPageLinks } from '../../scripts/links.ts'
import { openFolder } from '../support/service.ts'

test('the links of the documents lead somewhere', async () => {
  expect(await brokenLinks()).toEqual([])
})

test('the links of the served pages lead somewhere, and nothing is loaded from elsewhere', async () => {
  expect(await brokenPageLinks()).toEqual([])
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
  expect(await brokenLinks(folder.path)).toEqual([
    'docs/b.md: c.md leads to no file',
    'docs/b.md: a.md#nothing leads to no heading',
    'docs/b.md: #four leads to no heading',
    'docs/b.md: javascript:alert(1) is no link to a file or an https address',
  ])
})

test('a page that leads nowhere, or loads from elsewhere, is found', async () => {
  const app = new Hono()
  app.get('/docs', c =>
    c.html('<h1 id="a">A</h1><a href="docs/webhooks#b">b</a><a href="#a">a</a><a href="none">c</a>'),
  )
  app.get('/docs/:page', c => c.html('<img src="https://cdn.example/x.png"><a href="https://fine.example/">x</a>'))
  expect(await brokenPageLinks(app)).toEqual(
    expect.arrayContaining([
      '/docs?lang=en: docs/webhooks#b leads to no heading',
      '/docs?lang=en: none answers 404',
      '/docs/webhooks?lang=zh: loads https://cdn.example/x.png, which is elsewhere',
    ]),
  )
})
