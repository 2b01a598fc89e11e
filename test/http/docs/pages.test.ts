import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PAGES as DOCUMENTS } from '../../../src/http/docs/pages.ts'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { openApi, SHOWN_SETTINGS } from '../support/api.ts'

const EXAMPLES = new URL('../../../docs/examples/', import.meta.url)
const PROXY = '10.0.0.1'
const PAGES = ['/docs', '/docs/webhooks', '/docs/examples', '/docs/frameworks', '/docs/problems', '/docs/reference']

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi({ trustedProxies: { contains: address => address === PROXY } })
})
afterEach(() => api[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}, from = '192.0.2.1') =>
  api.call('GET', path, { key: null, headers, from })
const attributeOf = (html: string, pattern: RegExp) => [...html.matchAll(pattern)].map(([, value = '']) => value)
const hrefsOf = (html: string) => attributeOf(html, / href="([^"]*)"/g)

describe('the language of a page', () => {
  test.each([
    ['/docs', {}, 'en'],
    ['/docs', { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' }, 'zh-CN'],
    ['/docs', { 'accept-language': 'de, en;q=0.5' }, 'en'],
    ['/docs?lang=zh', { 'accept-language': 'en' }, 'zh-CN'],
    ['/docs?lang=en', { 'accept-language': 'zh' }, 'en'],
    ['/docs', { 'accept-language': 'en', cookie: 'lang=zh' }, 'zh-CN'],
    ['/docs?lang=en', { cookie: 'lang=zh' }, 'en'],
    ['/docs', { 'accept-language': 'zh', cookie: 'lang=%22%3E%3Cscript%3E' }, 'zh-CN'],
    ['/docs?lang=%22%3E%3Cscript%3E', { 'accept-language': 'zh' }, 'zh-CN'],
  ])('%s with %o', async (path, headers, tag) => {
    const { status, text, headers: answered } = await get(path, headers)
    expect([status, answered.get('vary')]).toEqual([200, 'accept, accept-language, cookie'])
    expect(text).toContain(`<html lang="${tag}">`)
    expect(text).not.toContain('<script>')
  })

  test.each(PAGES)('is carried on by the links of %s once it was chosen, and by none before', async page => {
    const isPage = (href: string) => PAGES.includes(new URL(href, `http://x${page}`).pathname) && !href.startsWith('#')
    const chosen = hrefsOf((await get(`${page}?lang=zh`)).text).filter(isPage)
    const switches = chosen.filter(href => href.startsWith('?'))
    expect(switches).toEqual(['?lang=zh', '?lang=en'])
    for (const href of chosen.filter(one => !switches.includes(one))) expect(href).toContain('?lang=zh')
    const before = hrefsOf((await get(page)).text).filter(isPage)
    for (const href of before.filter(one => !switches.includes(one))) expect(href).not.toContain('lang=')
  })

  test.each(DOCUMENTS)(
    'of /$path is Chinese where $source.zh-CN.md is there, and says so where it is not',
    async page => {
      const { text, headers } = await get(`/${page.path}?lang=zh`)
      const isThere = existsSync(new URL(`../${page.source}.zh-CN.md`, EXAMPLES))
      expect([headers.get('content-language'), text.includes('本页暂无中文版')]).toEqual([
        isThere ? 'zh' : 'en',
        !isThere,
      ])
      expect(text).toContain(`<main id="content" lang="${isThere ? 'zh-CN' : 'en'}">`)
    },
  )

  test('does not change where the type of a problem leads', async () => {
    const { text } = await get('/docs/problems?lang=zh')
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<h2 id="${code}">`)
  })

  test('is that of the reference, too', async () => {
    const { text, headers } = await get('/docs/reference?lang=zh')
    expect(headers.get('content-language')).toBe('zh')
    expect(text).not.toContain('本页暂无中文版')
    expect(text).toContain('<main id="content" lang="zh-CN">')
  })
})

describe('an address that does not exist', () => {
  const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
  const PLACES = ['/docs/webhoks', '/docs/examples/nothing.py', '/docs/assets/nothing.js', '/docs/a/b/', '/docs/start/']

  test.each(PLACES)(
    '%s is a page for a browser, with links to all pages, in the language of the reader',
    async path => {
      const { status, headers, text } = await get(path, { ...BROWSER, 'accept-language': 'zh' })
      expect([status, headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8'])
      expect(text).toContain('<html lang="zh-CN">')
      const linked = hrefsOf(text).map(href => new URL(href, `http://x${path}`).pathname)
      expect(linked).toEqual(expect.arrayContaining(PAGES))
    },
  )

  test.each(PLACES)('%s is a problem for everything else', async path => {
    const { status, headers } = await get(path)
    expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  })
})

describe('a slash at the end', () => {
  test.each(PAGES)('of %s leads to the page, below any prefix', async page => {
    const { status, headers } = await get(`${page}/?lang=zh`)
    const location = headers.get('location') ?? ''
    expect([status, location.startsWith('../')]).toEqual([301, true])
    for (const prefix of ['', '/some/prefix'])
      expect(new URL(location, `http://x${prefix}${page}/`).href).toBe(`http://x${prefix}${page}?lang=zh`)
  })

  test.each(['/docs//evil.example/', '/docs/nothing/', '/docs//'])('of %s leads nowhere', async path => {
    const { status, headers } = await get(path)
    expect([status, headers.get('location')]).toEqual([404, null])
  })

  test('the root leads to the start page, below any prefix', async () => {
    for (const [path, location] of [
      ['/', 'docs'],
      ['/?lang=zh', 'docs?lang=zh'],
    ] as const) {
      const { status, headers } = await get(path)
      expect([status, headers.get('location')]).toEqual([302, location])
    }
  })
})

describe('the address in the examples', () => {
  const addressIn = (text: string) => /export NOTIFIER_URL=(.*)/.exec(text)?.[1]

  test.each([
    ['the host of the request', { host: 'n.example:8080' }, '192.0.2.1', 'http://n.example:8080'],
    ['an IPv6 host', { host: '[::1]:8080' }, '192.0.2.1', 'http://[::1]:8080'],
    [
      'what a trusted proxy says',
      {
        host: 'inside:8080',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'n.example',
        'x-forwarded-prefix': '/idface/',
      },
      PROXY,
      'https://n.example/idface',
    ],
    [
      'a trusted proxy that says the scheme',
      { host: 'n.example', 'x-forwarded-proto': 'https' },
      PROXY,
      'https://n.example',
    ],
    [
      'nothing that a stranger says of proxies',
      {
        host: 'n.example',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-prefix': '/p',
      },
      '192.0.2.1',
      'http://n.example',
    ],
  ])('is %s', async (_, headers, from, expected) => {
    expect(addressIn((await get('/docs', headers, from)).text)).toBe(expected)
  })

  test.each([
    'a"><script>alert(1)</script>',
    'a$(id)',
    'a`id`',
    "a';id;'",
    'q q',
    'user@host',
    '-x.example!',
    '\u{e9}.example',
  ])('is never a host like %s', async host => {
    for (const headers of [
      { host },
      { host: 'x', 'x-forwarded-host': host },
      { host: 'x', 'x-forwarded-prefix': host },
    ]) {
      const { text } = await get('/docs', headers, PROXY)
      expect(text).toContain('export NOTIFIER_URL=')
      expect(addressIn(text)).toMatch(/^https:\/\/notifier\.example$/)
      expect(text).not.toContain(host)
    }
  })

  test('is in other pages too', async () => {
    const { text } = await get('/docs/webhooks', { host: 'n.example' })
    expect(text).toContain('npm install http://n.example/docs/client-0.1.0.tgz')
  })

  test('is kept by no cache for other readers', async () => {
    for (const path of [...PAGES, '/docs/examples/receiver.mjs'])
      expect((await get(path)).headers.get('cache-control'), path).toBe('private, no-cache')
  })

  test.each(PAGES)('%s is a 304 for whoever has it, and another for other readers', async path => {
    const etag = (await get(path)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{43}"$/)
    const again = await get(path, { 'if-none-match': etag })
    expect([again.status, again.text, again.headers.get('cache-control')]).toEqual([304, '', 'private, no-cache'])
    expect((await get(`${path}?lang=zh`, { 'if-none-match': etag })).status).toBe(200)
  })
})

describe('the examples', () => {
  const names = readdirSync(EXAMPLES, { withFileTypes: true }).flatMap(entry =>
    entry.isFile() && !entry.name.endsWith('.md') ? [entry.name] : [],
  )

  test.each(names)('%s is served as text, to read or to keep', async name => {
    const { status, headers, text } = await get(`/docs/examples/${name}`)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(text).toBe(readFileSync(new URL(name, EXAMPLES), 'utf8'))
    const index = (await get('/docs/examples')).text
    expect(index).toContain(`<a href="examples/${name}">${name}</a>`)
    expect(index).toContain(`<a href="examples/${name}?raw" download="${name}"`)
  })

  test.each(names)('%s is a page for a browser, with the way to its text', async name => {
    const page = await get(`/docs/examples/${name}?lang=zh`, { accept: 'text/html', host: 'n.example' })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    expect(page.text).toContain(`<h1 id="${name.toLowerCase().replace('.', '')}">${name}</h1>`)
    expect(page.text).toContain(`curl -fO http://n.example/docs/examples/${name}\n`)
    const raw = await get(`/docs/examples/${name}?raw`, { accept: 'text/html' })
    expect([raw.headers.get('content-type'), hrefsOf(page.text).includes(`../../docs/examples/${name}?raw`)]).toEqual([
      'text/plain; charset=utf-8',
      true,
    ])
  })

  test.each(['README.md', 'README.zh-CN.md', '..%2fwebhooks.md', '__proto__', 'receiver.mjs%00', 'RECEIVER.MJS'])(
    'nothing is served as %s',
    async name => {
      expect((await get(`/docs/examples/${name}`)).status).toBe(404)
    },
  )
})

describe('what the operator has set', () => {
  test('is on the pages as it is set', async () => {
    await using own = await openApi({
      shownSettings: {
        ...SHOWN_SETTINGS,
        ...{ retryScheduleMs: [90_000, 600_000], callbackTimeoutMs: 500, retentionMs: 604_800_000, sandbox: true },
        callbackSources: ['203.0.113.7', '2001:db8::/64'],
      },
    })
    const { text } = await own.call('GET', '/docs/webhooks', { key: null })
    expect(text).toContain('90 s and 10 min after the attempt before')
    expect(text).toContain('3 attempts in about 12 min')
    expect(text).toContain('requests from 203.0.113.7 and 2001:db8::/64')
    expect(text).toContain('An attempt ends after 500 ms in all')
    expect(text).toContain('kept for 7 days')
    expect(text).toMatch(/in this one they are\s+on\./)
    expect(text).not.toContain('setting:')
  })
})
