import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PAGES as SERVED } from '../../../scripts/served-docs.ts'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { type Json, openApi } from '../support/api.ts'

const EXAMPLES = new URL('../../../docs/examples/', import.meta.url)
const PROXY = '10.0.0.1'
const PAGES = SERVED.map(({ name }) => (name === 'start' ? '/docs' : `/docs/${name}`))

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi({ trustedProxies: { contains: address => address === PROXY } })
})
afterEach(() => api[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}, from = '192.0.2.1') =>
  api.call('GET', path, { key: null, headers, from })

describe.each(PAGES)('the page %s', path => {
  const CSP =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  test('allows and has only scripts and styles of files, and is kept for its reader', async () => {
    const { status, headers, text } = await get(path)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    expect(headers.get('content-security-policy')).toBe(CSP)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('private, no-cache')
    expect(text).not.toMatch(/<script>|<script [^>]*>[^<]|<style| style=| on\w+=|setting:|[\uE000-\uE005]/)
  })

  test.each([
    ['?lang=zh', { 'accept-language': 'en' }, 'zh-CN'],
    ['?lang=%22%3E%3Cscript%3E', { 'accept-language': 'de' }, 'en'],
  ])('is in the language that “%s” and %o ask for, and leads on in it', async (query, sent, tag) => {
    const { headers, text } = await get(`${path}${query}`, sent)
    expect([headers.get('vary'), headers.get('content-language')]).toEqual(['accept-language', tag.slice(0, 2)])
    expect(text).toContain(`<html lang="${tag}">`)
    const pages = [...text.matchAll(/<li><a href="([^"?]*docs[^"]*)"/g)].map(([, href]) => href)
    expect(pages.length).toBeGreaterThanOrEqual(PAGES.length)
    for (const href of pages.slice(0, PAGES.length)) expect(href).toMatch(`?lang=${tag.slice(0, 2)}`)
  })
})

describe('the language that was chosen', () => {
  const tagOf = (text: string) => /<html lang="([^"]+)">/.exec(text)?.[1]

  test('is kept for pages that are typed or opened from a bookmark', async () => {
    const { headers } = await get('/docs/webhooks?lang=zh', { 'accept-language': 'en' })
    const [kept = ''] = headers.getSetCookie()
    expect(kept).toMatch(/^idface_lang=zh; Max-Age=\d{8}; Path=\/docs; SameSite=Lax$/)
    const cookie = kept.split(';', 1)[0] ?? ''
    for (const path of [...PAGES, '/docs/nothing'])
      expect(tagOf((await get(path, { cookie, 'accept-language': 'en' })).text)).toBe('zh-CN')
    expect(tagOf((await get('/docs?lang=en', { cookie })).text)).toBe('en')
  })

  test('is kept below the prefix of a proxy, and only if it is one of ours', async () => {
    const { headers } = await get('/docs?lang=en', { host: 'n.example', 'x-forwarded-prefix': '/idface' }, PROXY)
    expect(headers.getSetCookie()[0]).toContain('Path=/idface/docs;')
    for (const path of ['/docs', '/docs?lang=de'])
      expect((await get(path, { cookie: 'idface_lang=de' })).headers.getSetCookie()).toEqual([])
  })
})

describe('an unknown page', () => {
  test.each(['/docs/nothing', '/docs/webhooks/', '/docs/a/b/c', '/docs/nothing.md', '/docs/not-found.zh'])(
    '%s is a page in its reader’s language, which leads on',
    async path => {
      const { status, headers, text } = await get(path, { 'accept-language': 'zh' })
      expect([status, headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8'])
      expect(text).toContain('<html lang="zh-CN">')
      const links = [...text.matchAll(/\s(?:href|src)="([^"#?]+)/g)].map(
        ([, href = '']) => new URL(href, `http://x${path}`),
      )
      expect(links.length).toBeGreaterThan(PAGES.length)
      for (const { pathname } of links) expect((await get(pathname)).status, pathname).toBe(200)
    },
  )

  test('is no longer for a long path', async () => {
    const { status, text } = await get(`/docs${'/a'.repeat(4_000)}`)
    expect(status).toBe(404)
    expect(text.length).toBeLessThan(10_000)
  })

  test.each(['/docs/examples/nothing.py', '/docs/assets/nothing.js', '/docs/client-9.9.9.tgz', '/openapi.yaml'])(
    'a file %s is a problem, for programs',
    async path => {
      const { status, headers } = await get(path)
      expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    },
  )
})

test.each(['en', 'zh'])('a client of another version is asked for: what there is instead is said, %s', async lang => {
  const { status, json } = await get('/docs/client-9.9.9.tgz', { 'accept-language': lang })
  expect([status, json.type]).toEqual([404, expect.stringContaining('not_found')])
  expect(json.detail).toContain('client-0.0.0.tgz')
  expect(json.detail).toContain('9.9.9')
})

describe('for machines', () => {
  test('llms.txt leads to each page as Markdown, in its language, with this service’s address and settings', async () => {
    for (const lang of ['en', 'zh']) {
      const { status, headers, text } = await get(`/docs/llms.txt?lang=${lang}`, { host: 'n.example' })
      expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=UTF-8'])
      const links = [...text.matchAll(/\]\(http:\/\/n\.example(\/docs\/\S+\.md\?lang=..)\)/g)].map(
        ([, path = '']) => path,
      )
      expect(links).toHaveLength(PAGES.length)
      for (const path of links) {
        const page = await get(path, { host: 'n.example' })
        expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/markdown; charset=UTF-8'])
        expect(page.headers.get('content-language')).toBe(lang)
        expect(page.text).toMatch(/^# /)
        expect(page.text).not.toMatch(/<!--|<a id|notifier\.example|[\uE000-\uE005]/)
        for (const [, link = ''] of page.text.matchAll(/\]\((http:\/\/n\.example\/[^)#]*)/g)) {
          const { pathname, search } = new URL(link)
          api.clock.now += 1_000
          expect((await get(`${pathname}${search}`)).status, `${link} on ${path}`).toBe(200)
        }
      }
    }
  })

  test('the Markdown of a page has the code that verifies', async () => {
    expect((await get('/docs/verify.md')).text).toContain('def verify(')
  })
})

test('the changelog is a page of its own', async () => {
  const { text } = await get('/docs/changelog')
  expect(text).toContain('<h1 id="changelog">Changelog</h1>')
  expect(text).toContain('<h2 id="unreleased">')
  expect((await get('/docs/changelog?lang=zh')).text).toContain('<h1 id="changelog">更新日志</h1>')
  expect(text).not.toContain('For operators')
})

test('the reference has every call, webhook and object', async () => {
  const { text } = await get('/docs/reference')
  const document: Json = (await get('/openapi.json')).json
  for (const [path, methods] of Object.entries<Json>(document.paths))
    for (const [method, { operationId, summary }] of Object.entries<Json>(methods)) {
      expect(text).toContain(`<h3 id="${operationId}">${summary} <a `)
      expect(text).toContain(`<code>${method.toUpperCase()} ${path}</code>`)
    }
  for (const name of Object.keys(document.webhooks)) expect(text).toContain(`<code>${name}</code>`)
  for (const name of Object.keys(document.components.schemas))
    if (!/(Request|Webhook)$/.test(name)) expect(text).toContain(`<h3 id="${name}">`)
})

test.each(['en', 'zh'])('the type of every problem leads to its paragraph: %s', async language => {
  const { text } = await get(`/docs/problems?lang=${language}`)
  for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<h2 id="${code}">`)
})

describe('the address in the examples', () => {
  const addressIn = (text: string) => /NOTIFIER_URL=(.*)/.exec(text)?.[1]
  const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'n.example', 'x-forwarded-prefix': '/idface/' }

  test.each([
    ['the host of the request', { host: 'n.example:8080' }, '192.0.2.1', 'http://n.example:8080'],
    ['an IPv6 host', { host: '[::1]:8080' }, '192.0.2.1', 'http://[::1]:8080'],
    ['as a trusted proxy says', { host: 'inside:8080', ...FORWARDED }, PROXY, 'https://n.example/idface'],
    ['not as a stranger says', { host: 'true.example', ...FORWARDED }, '192.0.2.1', 'http://true.example'],
  ])('is %s', async (_, headers, from, expected) => {
    expect(addressIn((await get('/docs', headers, from)).text)).toBe(expected)
  })

  test.each(['a"><script>alert(1)</script>', 'a$(id)', 'a`id`', "a';id;'", 'q q', 'user@host', '-x.example!'])(
    'is never a host like %s',
    async host => {
      for (const headers of [
        { host },
        { host: 'x', 'x-forwarded-host': host },
        { host: 'x', 'x-forwarded-prefix': host },
      ])
        expect(addressIn((await get('/docs', headers, PROXY)).text)).toBe('https://notifier.example')
    },
  )
})

describe('the examples', () => {
  const names = readdirSync(EXAMPLES).filter(name => !name.endsWith('.md'))

  test('are listed, and served as text', async () => {
    for (const name of names) {
      const { status, headers, text } = await get(`/docs/examples/${name}`)
      expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=UTF-8'])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(text).toBe(readFileSync(new URL(name, EXAMPLES), 'utf8'))
      expect((await get('/docs/examples')).text).toContain(`<a href="../docs/examples/${name}">${name}</a>`)
    }
  })
})

test('below the prefix of a proxy, everything that pages link to and load is there', async () => {
  const root = 'https://n.example/idface'
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'n.example', 'x-forwarded-prefix': '/idface' }
  const known = new Map<string, Awaited<ReturnType<typeof get>>>()
  const visit = async (path: string) => {
    const answer = known.get(path) ?? (await get(path, headers, PROXY))
    api.clock.now += 1_000
    known.set(path, answer)
    return answer
  }
  for (const page of PAGES)
    for (const query of ['?lang=en', '?lang=zh']) {
      const { text } = await visit(`${page}${query}`)
      for (const [, link = ''] of text.matchAll(/<(?:link|script|img)\b[^>]*\s(?:href|src)="([^"]*)"/g))
        expect(link).toMatch(/^(\.\.\/)?docs\/assets\//)
      for (const [, link = ''] of text.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
        const { origin, pathname, search, hash } = new URL(link, `${root}${page}`)
        if (origin !== new URL(root).origin) continue
        expect(pathname.startsWith('/idface/'), `${link} on ${page}`).toBe(true)
        const target = await visit(`${pathname.slice('/idface'.length)}${search || (hash ? query : '')}`)
        expect(target.status, `${link} on ${page}`).toBe(200)
        if (hash !== '')
          expect(target.text, `${link} on ${page}`).toContain(` id="${decodeURIComponent(hash.slice(1))}"`)
      }
    }
  expect(known.size).toBeGreaterThan(20)
})

test('each network has a rate over all that needs no key', async () => {
  const paths = ['/openapi.json', '/docs', '/docs/problems', '/docs/assets/page.css']
  for (let n = 0; n < 300; n++) expect((await get(paths[n % 4] ?? '')).status).toBe(200)
  for (const path of paths) expect((await get(path)).status).toBe(429)
  expect((await get('/docs', {}, '192.0.2.2')).status).toBe(200)
})
