import { afterAll, describe, expect, test } from 'vitest'
import { createCalls } from '../../../src/client/client.ts'
import { createOperatorDocument, createPartnerDocument } from '../../../src/http/openapi/document.ts'
import { PAGES } from '../../../src/http/openapi/operations.ts'
import { type Json, openApi } from '../support/api.ts'

const api = await openApi()
afterAll(() => api[Symbol.asyncDispose]())
const get = (path: string, headers: Record<string, string> = {}) => api.call('GET', path, { key: null, headers })

const forPartners: Json = createPartnerDocument('0.0.0', 'en')
const forOperators: Json = createOperatorDocument('0.0.0')
/** Every operation of a document, by its method and path. */
const operationsOf = ({ paths }: Json): [route: string, operation: Json][] =>
  Object.entries<Json>(paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, one]): [string, Json] => [`${method.toUpperCase()} ${path}`, one]),
  )

describe('the document for partners', () => {
  test('is not sent again if it has not changed', async () => {
    const etag = (await get('/openapi.json')).headers.get('etag') ?? ''
    expect((await get('/openapi.json', { 'if-none-match': etag })).status).toBe(304)
    expect((await get('/openapi.json?lang=zh', { 'if-none-match': etag })).status).toBe(200)
  })

  test('has nothing of operators', () => {
    for (const [route, { security }] of operationsOf(forPartners)) {
      expect(route).toMatch(/^[A-Z]+ \/v1\/(?!admin)/)
      expect(security, route).toEqual([{ partnerKey: [] }])
    }
    expect(JSON.stringify(forPartners)).not.toMatch(/\/v1\/admin|ADMIN_TOKEN/)
  })

  test('calls each operation as the client does', () => {
    const { waitForVerdict, ...verbs } = createCalls({ request: () => Promise.reject(), elapsed: () => 0 })
    expect(waitForVerdict).toBeTypeOf('function') // Its calls are those of getRegistration.
    const names = operationsOf(forPartners).map(([, { operationId }]) => operationId)
    expect(names.toSorted()).toEqual(Object.keys(verbs).toSorted())
  })

  test('describes every field but those that hold others or one value', () => {
    const undescribed: string[] = []
    const look = (name: string, schema: Json): void => {
      for (const part of [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])]) look(name, part)
      for (const [field, value] of Object.entries<Json>(schema.properties ?? {})) {
        const holds = ['object', 'array', 'null'].includes(value.type) || JSON.stringify(value).includes('$ref')
        if (!value.description && !holds && value.const === undefined) undescribed.push(`${name}.${field}`)
        look(`${name}.${field}`, value)
      }
    }
    for (const [name, schema] of Object.entries<Json>(forPartners.components.schemas)) look(name, schema)
    expect(undescribed).toEqual([])
  })
})

test('both documents and the pages have exactly the routes of the API', () => {
  const routes = api.app.routes
    // The pages of the console are forms and links: no document is about them.
    .filter(({ method, path }) => method !== 'ALL' && !/^\/console(\/|$)/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  const documented = [
    ...[...operationsOf(forPartners), ...operationsOf(forOperators)].map(([route]) => route),
    ...Object.keys(PAGES).map(page => page.replace(/:(\w+)/g, '{$1}')),
  ]
  expect(documented.toSorted()).toEqual([...new Set(routes)].toSorted())
})

test.each([
  ['https://company.example/some/prefix/openapi.json', forPartners],
  ['https://company.example/some/prefix/v1/admin/openapi.json', forOperators],
])('%s names the root of its service as its server', (address, { servers }) => {
  expect(servers.map(({ url }: Json) => new URL(url, address).href)).toEqual(['https://company.example/some/prefix/'])
})
