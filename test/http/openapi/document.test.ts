import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createCalls } from '../../../src/client/client.ts'
import { PAGES } from '../../../src/http/openapi/service-operations.ts'
import { ADMIN_TOKEN, type Json, openApi } from '../support/api.ts'
import { operationsOf, operatorDocument, partnerDocument, resolveIn } from './support/documents.ts'

let api: Awaited<ReturnType<typeof openApi>>
beforeEach(async () => {
  api = await openApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const DOCUMENTS = { partners: partnerDocument, operators: operatorDocument }
const get = (path: string, headers: Record<string, string> = {}) => api.call('GET', path, { key: null, headers })

describe('the document for partners', () => {
  test('needs no key, and is OpenAPI 3.1', async () => {
    const { status, headers, json } = await get('/openapi.json')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(json).toMatchObject({ openapi: '3.1.0', info: { title: 'idface-notifier', version: '0.0.0' } })
  })

  test('is the same in YAML', async () => {
    const { status, headers, text } = await get('/openapi.yaml')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/yaml'])
    expect(text).toMatch(/^openapi: 3\.1\.0\ninfo:\n {2}title: idface-notifier\n/)
    expect(parse(text)).toEqual(await partnerDocument(api))
  })

  test.each(['/openapi.json', '/openapi.yaml'])('%s is not sent again if it has not changed', async path => {
    const { headers } = await get(path)
    const again = await get(path, { 'if-none-match': headers.get('etag') ?? '' })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  test('has only calls of partners, and nothing of operators', async () => {
    const document = await partnerDocument(api)
    for (const [route, { security }] of operationsOf(document)) {
      expect(route).toMatch(/^[A-Z]+ \/v1\/(?!admin)/)
      expect(security, route).toEqual([{ partnerKey: [] }])
    }
    expect(Object.keys(document.components.securitySchemes)).toEqual(['partnerKey'])
    expect(JSON.stringify(document)).not.toMatch(/\/v1\/admin|ADMIN_TOKEN|AuditedAct/)
  })

  test('calls each operation as the client does', async () => {
    const { waitForVerdict, ...verbs } = createCalls({ request: () => Promise.reject(), elapsed: () => 0 })
    expect(waitForVerdict).toBeTypeOf('function') // Its calls are those of getRegistration.
    const names = operationsOf(await partnerDocument(api)).map(([, { operationId }]) => operationId)
    expect(names.toSorted()).toEqual(Object.keys(verbs).toSorted())
  })

  test('has a request to register that is taken as it stands, and the answer to it', async () => {
    const { components, paths } = await partnerDocument(api)
    const { schema, example } = paths['/v1/registrations'].post.responses[201].content['application/json']
    const body = components.schemas.RegistrationRequest.examples[0]
    const answer = await api.call('POST', '/v1/registrations', { body })
    expect([schema.$ref, answer.status]).toEqual(['#/components/schemas/Registration', 201])
    const changing = Object.fromEntries(
      ['id', 'createdAt', 'expiresAt', 'nextPollAt'].map(name => [name, expect.any(String)]),
    )
    expect(answer.json).toEqual({ ...example, ...changing })
  })

  test('tells the results of a batch apart by their status', async () => {
    const { components } = await partnerDocument(api)
    const results = components.schemas.BatchResults.properties.results.items.oneOf
    expect(results.map(({ properties: { status } }: Json) => status.const ?? status.enum)).toEqual([
      ...[201, 200],
      [403, 409, 422, 429, 503],
    ])
  })

  test('describes the webhooks with their headers', async () => {
    const { webhooks } = await partnerDocument(api)
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

  test('describes every field but those that hold others or one value', async () => {
    const { components } = await partnerDocument(api)
    const undescribed: string[] = []
    const look = (name: string, schema: Json): void => {
      for (const part of [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])]) look(name, part)
      for (const [field, value] of Object.entries<Json>(schema.properties ?? {})) {
        const holds = ['object', 'array', 'null'].includes(value.type) || JSON.stringify(value).includes('$ref')
        if (!value.description && !holds && value.const === undefined) undescribed.push(`${name}.${field}`)
        look(`${name}.${field}`, value)
      }
    }
    for (const [name, schema] of Object.entries<Json>(components.schemas)) look(name, schema)
    expect(undescribed).toEqual([])
  })

  test('describes the parameters by the schemas that check them', async () => {
    const { paths } = await partnerDocument(api)
    const parameters = paths['/v1/registrations'].get.parameters
    expect(parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      description: 'The size of a page.',
      schema: { type: 'integer', minimum: 1, maximum: 250, default: 50 },
    })
    expect(parameters.flatMap(({ name }: Json) => name ?? [])).toEqual([
      'idcardid',
      'status',
      'delivery',
      'limit',
      'cursor',
    ])
  })
})

describe('the document for operators', () => {
  test('is shown to operators only', async () => {
    const path = '/v1/admin/openapi.json'
    expect((await get(path)).status).toBe(401)
    expect((await api.call('GET', path)).status).toBe(401)
    const { status, headers } = await api.call('GET', path, { key: ADMIN_TOKEN })
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
  })

  test('has the admin API and what probes ask, each with the kind of its key', async () => {
    for (const [route, { security }] of operationsOf(await operatorDocument(api))) {
      const service = route === 'GET /metrics' ? [{ metricsToken: [] }] : []
      expect(security, route).toEqual(route.includes(' /v1/admin/') ? [{ adminToken: [] }] : service)
    }
  })
})

test('both documents and the pages have exactly the routes of the API', async () => {
  const routes = api.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  const documented = [
    ...operationsOf(await partnerDocument(api)).map(([route]) => route),
    ...operationsOf(await operatorDocument(api)).map(([route]) => route),
    ...Object.keys(PAGES).map(page => page.replace(/:(\w+)/g, '{$1}')),
  ]
  expect(documented.toSorted()).toEqual([...new Set(routes)].toSorted())
})

describe.each(Object.entries(DOCUMENTS))('the document for %s', (_, read) => {
  test('gives every operation a unique name, a summary and a description', async () => {
    const operations = operationsOf(await read(api))
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length)
    for (const [route, { summary, description, tags }] of operations) {
      expect(summary, route).toMatch(/^.{4,80}[^.]$/)
      expect(description, route).toMatch(/^.{20,}\.$/)
      expect(tags, route).toHaveLength(1)
    }
  })

  test('has the request id of every answer, and the language that may be asked for', async () => {
    const document = await read(api)
    const resolve = resolveIn(document)
    for (const [route, { parameters, responses }] of operationsOf(document)) {
      const names = parameters.map((one: Json) => (one.$ref ? resolve(one.$ref) : one).name)
      expect(names, route).toContain('accept-language')
      for (const response of Object.values<Json>(responses))
        expect((response.$ref ? resolve(response.$ref) : response).headers, route).toHaveProperty('x-request-id')
    }
  })

  test('lists the problems that each call can have', async () => {
    const { components, ...rest } = await read(api)
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

  test('has only examples that fit their schemas', async () => {
    const { components } = await read(api)
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
    expect(shown).toBeGreaterThan(10)
  })
})

test.each([
  ['https://notifier.example/openapi.json', partnerDocument],
  ['https://notifier.example/openapi.yaml', partnerDocument],
  ['https://notifier.example/v1/admin/openapi.json', operatorDocument],
  ['https://company.example/some/prefix/openapi.json', partnerDocument],
  ['https://company.example/some/prefix/v1/admin/openapi.json', operatorDocument],
] as const)('%s names the root of its service as its server', async (address, read) => {
  const { servers } = await read(api)
  const root = address.replace(/(v1\/admin\/)?openapi\.\w+$/, '')
  expect(servers.map(({ url }: Json) => new URL(url, address).href)).toEqual([root])
})
