import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { openApi } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const fetchText = async (path: string, headers: Record<string, string> = {}) => {
  const response = await api.app.request(path, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const PAGES = ['/docs', '/docs/webhooks', '/docs/examples', '/docs/frameworks', '/docs/problems', '/docs/reference']

describe('a page of the documentation', () => {
  const CSP =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /** What the HTML makes a browser load. */
  const loadsOf = (html: string) =>
    [...html.matchAll(/<(?:link|script|img)\b[^>]*\b(?:src|href)="([^"#]+)"/g)].map(([, link]) => link ?? '')

  test.each(PAGES)('%s loads only files of the service, each with its type', async path => {
    const { status, headers, text } = await fetchText(path)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    const links = loadsOf(text)
    expect(links.length).toBe(3)
    for (const link of links) {
      const url = new URL(link, `http://service.example${path}`)
      expect(url.host).toBe('service.example')
      const asset = await fetchText(url.pathname)
      expect(asset.status, link).toBe(200)
      expect(asset.headers.get('content-type')).toMatch(
        /^(text\/css; charset=utf-8|text\/javascript; charset=utf-8|image\/svg\+xml)$/,
      )
      expect(asset.headers.get('cache-control')).toBe('public, max-age=3600')
      const etag = asset.headers.get('etag') ?? ''
      expect((await fetchText(url.pathname, { 'if-none-match': etag })).status).toBe(304)
    }
  })

  test.each([...PAGES, '/docs/examples/receiver.mjs', '/docs/assets/search.js', '/openapi.json'])(
    '%s allows only our own scripts and styles, and no frame',
    async path => {
      const { headers } = await fetchText(path)
      expect(headers.get('content-security-policy')).toBe(CSP)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    },
  )

  test('has no inline script, style or handler', async () => {
    for (const path of PAGES) {
      const { text } = await fetchText(path)
      expect(text).not.toMatch(/<script>|<script [^>]*>[^<]|<style| style=| on\w+=/)
    }
  })

  test.each(['en', 'zh'] as const)('the reference has every call, webhook and object: %s', async language => {
    const { text } = await fetchText(`/docs/reference?lang=${language}`)
    const document = JSON.parse((await fetchText(`/openapi.json?lang=${language}`)).text)
    for (const [path, methods] of Object.entries<Record<string, { operationId: string; summary: string }>>(
      document.paths,
    ))
      for (const [method, { operationId, summary }] of Object.entries(methods)) {
        expect(text).toContain(`<h3 id="${operationId}">${summary} <a `)
        expect(text).toContain(`<code>${method.toUpperCase()} ${path}</code>`)
      }
    for (const name of Object.keys(document.webhooks)) expect(text).toContain(`<code>${name}</code>`)
    const objects = Object.keys(document.components.schemas).filter(name => !/(Request|Webhook)$/.test(name))
    for (const name of objects) expect(text).toContain(`<h3 id="${name}">`)
  })

  test.each(['..%2f..%2fpackage.json', 'package.json', '__proto__', 'page.css%00', 'index.html'])(
    'serves no other file: %s',
    async name => {
      const { status, headers } = await fetchText(`/docs/assets/${name}`)
      expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
      expect(headers.get('cache-control')).toBeNull()
    },
  )

  test('the type of every problem leads to its paragraph', async () => {
    const { text } = await fetchText('/docs/problems')
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<h2 id="${code}">${code} <a `)
    const { json } = await api.call('GET', '/v1/nothing')
    const { pathname, hash } = new URL(json.type, 'http://service.example')
    expect((await fetchText(pathname)).text).toContain(`id="${hash.slice(1)}"`)
  })

  test('the page of problems is the document as HTML', async () => {
    const { text } = await fetchText('/docs/problems')
    expect(text).toContain('<a href="https://www.rfc-editor.org/rfc/rfc9457" rel="noreferrer">RFC 9457</a>')
    expect(text).toContain('{\n  &quot;type&quot;')
    expect(text).toContain('<td>401</td>')
    expect(text).not.toMatch(/```|\*\*|^#|^\|/m)
  })
})

describe('the documentation, which needs no key', () => {
  test('has a rate for each network, over all its pages', async () => {
    const paths = ['/openapi.json', '/docs', '/docs/problems', '/docs/assets/page.css']
    const statuses = new Set<number>()
    for (let n = 0; n < 100; n++) {
      const { status } = await api.call('GET', paths[n % 4] ?? '', { key: null, from: '192.0.2.1' })
      statuses.add(status)
    }
    expect([...statuses]).toEqual([200])
    for (const path of paths) {
      const { status, headers } = await api.call('GET', path, { key: null, from: '192.0.2.1' })
      expect([status, headers.get('retry-after')]).toEqual([429, '1'])
    }
    expect((await api.call('GET', '/docs', { key: null, from: '192.0.2.2' })).status).toBe(200)
    api.clock.now += 1_000
    expect((await api.call('GET', '/docs', { key: null, from: '192.0.2.1' })).status).toBe(200)
  })

  test.each(['/openapi.json', '/docs', '/docs/assets/page.js'])(
    '%s is a 304 without a body for whoever has it, however the tag is sent',
    async path => {
      const etag = (await fetchText(path)).headers.get('etag') ?? ''
      expect(etag).toMatch(/^"[\w-]{43}"$/)
      for (const sent of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const { status, headers, text } = await fetchText(path, { 'if-none-match': sent })
        expect([status, headers.get('etag'), text]).toEqual([304, etag, ''])
      }
      expect((await fetchText(path, { 'if-none-match': '"other"' })).status).toBe(200)
    },
  )
})

test('the package contains the files that it serves', () => {
  const { files, dependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  expect(files).toContain('docs')
  expect(dependencies).toHaveProperty('marked')
})
