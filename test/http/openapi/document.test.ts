import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { type Json, openApi } from '../support/api.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const fetchText = async (path: string, headers: Record<string, string> = {}) => {
  const response = await api.app.request(path, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const document = async (): Promise<Json> => JSON.parse((await fetchText('/openapi.json')).text)

const operationsOf = ({ paths }: Json): [string, Json][] =>
  Object.entries<Json>(paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]): [string, Json] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )

describe('the document', () => {
  test('needs no key, and is OpenAPI 3.1', async () => {
    const { status, headers } = await fetchText('/openapi.json')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await document()).toMatchObject({ openapi: '3.1.0', info: { title: 'idface-notifier', version: '0.0.0' } })
  })

  test('has every route, and no other', async () => {
    const routes = api.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    const documented = operationsOf(await document()).map(([route]) => route)
    expect(documented.toSorted()).toEqual([...new Set(routes)].toSorted())
  })

  test('gives every operation a name of its own, a summary and the key that it takes', async () => {
    const operations = operationsOf(await document())
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length)
    for (const [route, { summary, security }] of operations) {
      expect(summary, route).toMatch(/^.{4,80}[^.]$/)
      const [, path = ''] = route.split(' ')
      const admin = path.startsWith('/v1/admin') ? [{ adminToken: [] }] : [{ partnerKey: [] }]
      expect(security, route).toEqual(path.startsWith('/v1/') ? admin : [])
    }
  })

  test('says of every call what can go wrong', async () => {
    const { components, ...rest } = await document()
    for (const [route, { responses, requestBody }] of operationsOf(rest)) {
      const statuses = Object.keys(responses)
      if (route.includes(' /v1/')) expect(statuses, route).toEqual(expect.arrayContaining(['400', '401', '429', '503']))
      if (requestBody) expect(statuses, route).toEqual(expect.arrayContaining(['413', '415', '422']))
      if (/\{id\}/.test(route)) expect(statuses, route).toContain('404')
    }
    for (const response of Object.values<Json>(components.responses))
      expect(Object.keys(response.content)).toEqual(['application/problem+json'])
    expect(components.responses.too_many_requests.headers).toHaveProperty('retry-after')
    expect(components.responses.unavailable.headers).toHaveProperty('retry-after')
  })

  test('describes the webhooks with their headers', async () => {
    const { webhooks } = await document()
    expect(Object.keys(webhooks)).toEqual(['idface.succeeded', 'idface.failed', 'idface.unresolved', 'idface.test'])
    for (const { post } of Object.values<Json>(webhooks))
      expect(post.parameters.map(({ name }: Json) => name)).toEqual([
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
        'webhook-attempt',
        'user-agent',
      ])
  })

  test('shows for what has an example only what its schema takes', async () => {
    const { components } = await document()
    const ajv = new Ajv2020({ strict: false, validateFormats: true })
    addFormats.default(ajv)
    ajv.addSchema({ $id: 'https://document.example/', components })
    let shown = 0
    for (const [name, { examples = [] }] of Object.entries<Json>(components.schemas))
      for (const example of examples) {
        const validate = ajv.getSchema(`https://document.example/#/components/schemas/${name}`)
        expect(validate?.(example), `${name}: ${ajv.errorsText(validate?.errors)}`).toBe(true)
        shown++
      }
    expect(shown).toBeGreaterThan(25)
  })

  test('describes the parameters by what checks them', async () => {
    const { paths } = await document()
    const parameters = paths['/v1/registrations'].get.parameters
    expect(parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      description: 'The size of a page.',
      schema: { type: 'integer', minimum: 1, maximum: 250, default: 50 },
    })
    expect(parameters.map(({ name }: Json) => name)).toEqual(['idcardid', 'status', 'delivery', 'limit', 'cursor'])
  })

  test('is not sent again to who has it', async () => {
    const { headers } = await fetchText('/openapi.json')
    const again = await fetchText('/openapi.json', { 'if-none-match': headers.get('etag') ?? '' })
    expect([again.status, again.text]).toEqual([304, ''])
  })
})

describe('the page', () => {
  const CSP =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /** What the HTML makes a browser load. */
  const linksOf = (html: string) => [...html.matchAll(/\b(?:src|href)="([^"#]+)"/g)].map(([, link]) => link ?? '')

  test.each(['/docs', '/docs/problems'])('%s loads only what we serve, each with its type', async path => {
    const { status, headers, text } = await fetchText(path)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    const links = linksOf(text).filter(link => !link.startsWith('https://www.rfc-editor.org/'))
    expect(links.length).toBeGreaterThan(1)
    for (const link of links) {
      const url = new URL(link, `http://service.example${path}`)
      expect(url.host).toBe('service.example')
      const asset = await fetchText(url.pathname)
      expect(asset.status, link).toBe(200)
      expect(asset.headers.get('content-type')).toMatch(
        /^(text\/css; charset=utf-8|text\/javascript; charset=utf-8|image\/png)$/,
      )
      expect(asset.headers.get('cache-control')).toBe('public, max-age=3600')
      const etag = asset.headers.get('etag') ?? ''
      expect((await fetchText(url.pathname, { 'if-none-match': etag })).status).toBe(304)
    }
  })

  test.each(['/docs', '/docs/problems', '/docs/assets/start.js', '/openapi.json'])(
    '%s allows no script or style but our files, and no frame',
    async path => {
      const { headers } = await fetchText(path)
      expect(headers.get('content-security-policy')).toBe(CSP)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    },
  )

  test('has no script, style or handler of its own in the HTML', async () => {
    for (const path of ['/docs', '/docs/problems']) {
      const { text } = await fetchText(path)
      expect(text).not.toMatch(/<script>|<script [^>]*>[^<]|<style| style=| on\w+=/)
    }
  })

  test('shows the document, asks nobody to validate it, and takes no settings from its address', async () => {
    const { text } = await fetchText('/docs/assets/start.js')
    expect(text).toContain("url: 'openapi.json'")
    expect(text).toContain('validatorUrl: null')
    expect(text).toContain('queryConfigEnabled: false')
  })

  test.each(['..%2f..%2fpackage.json', 'package.json', '__proto__', 'swagger-ui.css%00', 'index.html'])(
    'serves no other file: %s',
    async name => {
      const { status, headers } = await fetchText(`/docs/assets/${name}`)
      expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
      expect(headers.get('cache-control')).toBeNull()
    },
  )

  test('the type of every problem leads to its paragraph', async () => {
    const { text } = await fetchText('/docs/problems')
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<h2 id="${code}">${code}</h2>`)
    const { json } = await api.call('GET', '/v1/nothing')
    const { pathname, hash } = new URL(json.type, 'http://service.example')
    expect((await fetchText(pathname)).text).toContain(`id="${hash.slice(1)}"`)
  })

  test('the page of problems is the document as HTML', async () => {
    const { text } = await fetchText('/docs/problems')
    expect(text).toContain('<a href="https://www.rfc-editor.org/rfc/rfc9457" rel="noreferrer">RFC 9457</a>')
    expect(text).toContain('{\n  &quot;type&quot;')
    expect(text).toContain('<td>401</td>')
    expect(text).not.toMatch(/```|\*\*|^#|^\||<ol/m)
  })
})

test('what the package serves is in the package', () => {
  const { files, dependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  expect(files).toContain('docs')
  expect(dependencies).toHaveProperty('swagger-ui-dist')
  expect(existsSync(new URL('../../../docs/problems.html', import.meta.url))).toBe(true)
})
