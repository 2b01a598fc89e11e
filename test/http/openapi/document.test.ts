import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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

  test('has exactly the routes of the API', async () => {
    const routes = api.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    const documented = operationsOf(await document()).map(([route]) => route)
    expect(documented.toSorted()).toEqual([...new Set(routes)].toSorted())
  })

  test('gives every operation a unique name, a summary and the kind of its key', async () => {
    const operations = operationsOf(await document())
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length)
    for (const [route, { summary, security }] of operations) {
      expect(summary, route).toMatch(/^.{4,80}[^.]$/)
      const [, path = ''] = route.split(' ')
      const admin = path.startsWith('/v1/admin') ? [{ adminToken: [] }] : [{ partnerKey: [] }]
      const service = path === '/metrics' ? [{ metricsToken: [] }] : []
      expect(security, route).toEqual(path.startsWith('/v1/') ? admin : service)
    }
  })

  test('lists the problems that each call can have', async () => {
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
    expect(Object.keys(webhooks)).toEqual([
      ...['idface.succeeded', 'idface.failed', 'idface.unresolved', 'idface.test', 'idface.callback_disabled'],
    ])
    for (const { post } of Object.values<Json>(webhooks))
      expect(post.parameters.map(({ name }: Json) => name)).toEqual([
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
        'webhook-attempt',
        'user-agent',
      ])
  })

  test('has only examples that fit their schemas', async () => {
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

  test('describes the parameters by the schemas that check them', async () => {
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

  test('is not sent again if it has not changed', async () => {
    const { headers } = await fetchText('/openapi.json')
    const again = await fetchText('/openapi.json', { 'if-none-match': headers.get('etag') ?? '' })
    expect([again.status, again.text]).toEqual([304, ''])
  })
})
