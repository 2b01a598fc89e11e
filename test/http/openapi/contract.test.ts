import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, SECOND } from '../../../src/core/duration.ts'
import { type WebhookContent, webhookBody } from '../../../src/core/message.ts'
import { Secret } from '../../../src/core/secret.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { webhookContent } from '../../support/webhook-content.ts'
import { ADMIN_TOKEN, type Json, openApi, START } from '../support/api.ts'
import { fitting, nearMiss } from '../support/schema-arbitrary.ts'

const RUNS_OF_AN_OPERATION = 24
const METHODS = ['get', 'post', 'patch', 'delete']

/** The service, with something of everything in it, and what it says of itself. Whoever waits is answered at once. */
const api = await openApi({ sleep: async () => {} })
const forPartners: Json = (await api.call('GET', '/openapi.json')).json
const forOperators: Json = (await api.admin('GET', '/openapi.json')).json
/** Both documents as one: what they call alike is the same. */
const document: Json = {
  paths: { ...forPartners.paths, ...forOperators.paths },
  webhooks: forPartners.webhooks,
  components: {
    schemas: { ...forPartners.components.schemas, ...forOperators.components.schemas },
    responses: { ...forPartners.components.responses, ...forOperators.components.responses },
  },
}
const resolve = (ref: string): Json =>
  ref
    .slice(2)
    .split('/')
    .reduce((node: Json, name) => node[name.replaceAll('~1', '/')], document)

const known: Record<string, string[]> = {}
beforeAll(async () => {
  const ids = []
  for (const [idcardid, httpStatus] of [
    ['delivered', 200],
    ['exhausted', 500],
  ] as const) {
    ids.push((await api.register({ idcardid })).id)
    await api.succeed()
    await api.receiveWith(httpStatus, { scheduleMs: [] })
    api.clock.now += SECOND
  }
  ids.push((await api.register({ idcardid: 'waits' })).id)
  const resend = await api.call('POST', '/v1/resend', {
    body: { since: '2026-01-01T00:00:00Z', delivery: 'exhausted' },
  })
  known['/v1/registrations/'] = ids
  known['/v1/admin/registrations/'] = ids
  const bulks = ['bulk_1', 'bulk_2', 'bulk_3', 'bulk_4', 'bulk_5', 'bulk_6']
  for (const [n, id] of bulks.entries()) {
    await api.store.createBulkAct({
      ...{
        id,
        partnerId: null,
        act: 'resend',
        filter: ALL_REGISTRATIONS,
        reason: 'why',
        who: 'ADMIN_TOKEN',
        name: 'ADMIN_TOKEN',
      },
      ...{ probe: false, counted: { count: 1, isCapped: false }, createdAt: START },
    })
    if (n % 2 === 0) await api.store.startBulkAct(id)
  }
  known['/v1/admin/bulk/'] = bulks
  known['/v1/resend/'] = [resend.json.id]
  known['/v1/admin/partners/'] = [api.other.id]
  known['/v1/admin/keys/'] = [api.other.keyId]
  const spare = { apiKey: new Secret('key'), passwordMode: 'dynamic', rate: null, partnerId: null } as const
  for (const n of [1, 2, 3]) await api.store.createAccount({ ...spare, id: `acc_${n}`, apiId: `C${n}` })
  known['/v1/admin/accounts/'] = [api.account.id, api.account.apiId, 'acc_1', 'acc_2', 'C3']
  for (const { key } of [api.partner, api.other])
    await api.call('PUT', '/v1/contact', { key, body: { url: 'https://partner.example/contact' } })
  const spareKeys = await Promise.all([1, 2, 3].map(() => api.call('POST', '/v1/keys')))
  const tokens = await Promise.all([1, 2, 3].map(n => api.admin('POST', '/tokens', { name: `${n}`, role: 'read' })))
  known['/v1/admin/tokens/'] = tokens.map(({ json }) => json.id)
  known['/v1/keys/'] = spareKeys.map(({ json }) => json.id)
  const [secret] = await api.store.listSigningSecrets(api.partner.id)
  await api.call('POST', '/v1/signing-secrets/rotate', { body: { overlap: '30d' } })
  known['/v1/signing-secrets/'] = [secret?.id ?? '']
  known['/v1/admin/signing-secrets/'] = [secret?.id ?? '']
})
afterAll(() => api[Symbol.asyncDispose]())

/** Answers may get fields that nobody knows, but only once they are documented. */
const closed = (schema: Json): Json => {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  if (schema.allOf) {
    const parts: Json[] = schema.allOf.map((one: Json) => (one.$ref ? resolve(one.$ref) : one))
    const properties = Object.assign({}, ...parts.map(one => one.properties))
    return closed({ type: 'object', properties, required: parts.flatMap(one => one.required ?? []) })
  }
  const inside = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]))
  return schema.type === 'object' && schema.properties ? { additionalProperties: false, ...inside } : inside
}
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema({ $id: 'https://document.example/', components: closed(document.components) })
const validators = new Map<string, ValidateFunction>()
const expectToFit = (schema: Json, value: unknown, about: string) => {
  const text = JSON.stringify(closed(schema)).replaceAll('"#/', '"https://document.example/#/')
  const validate = validators.get(text) ?? ajv.compile(JSON.parse(text))
  validators.set(text, validate)
  expect(validate(value), `${about}: ${ajv.errorsText(validate.errors)}`).toBe(true)
}

interface Sent {
  path: string
  key: string | null
  raw?: string
  headers: Record<string, string>
}

const pathOf = (template: string): fc.Arbitrary<string> => {
  const [prefix = '', rest] = template.split(/\{\w+\}/)
  if (rest === undefined) return fc.constant(template)
  const id = fc.oneof(
    { weight: 4, arbitrary: fc.nat().map(at => known[prefix]?.[at % known[prefix].length] ?? '') },
    {
      weight: 1,
      arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(id => !/^\.+$/.test(id)),
    },
  )
  return id.map(id => `${prefix}${encodeURIComponent(id)}${rest}`)
}

/** An account or a partner that there is not is refused, a time that is no deadline, and an end before its beginning: that leaves hardly a request. */
const withOurs = (fields: Json): Json => {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields
  const ours: Json = {
    ...{ account: api.account.apiId, partner: api.partner.id, partnerId: api.partner.id },
    ...{ expiresAt: new Date(START + DAY).toISOString(), until: '1m', messageUntil: '1m' },
  }
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, ours[name] ?? value]))
}
const bodyWithOurs = (body: Json): Json => {
  if (body?.filter !== undefined) return { ...body, filter: withOurs(body.filter) }
  // A new account has to have another name.
  return body?.apiKey === undefined ? withOurs(body) : body
}

const queryOf = (parameters: Json[]): fc.Arbitrary<string> => {
  const inQuery = parameters.filter(parameter => parameter.in === 'query')
  const fits = fc
    .record(
      Object.fromEntries(
        inQuery.map(({ name, schema }) => {
          const fits = fitting(schema, resolve)
          return [name, schema.type === 'object' ? fits : fits.map(String)]
        }),
      ),
      { requiredKeys: [] },
    )
    .map(withOurs)
  // Of the style `deepObject`.
  const exploded = ([name, value]: [string, Json]): [string, Json][] =>
    typeof value === 'object' &&
    value !== null &&
    inQuery.some(one => one.name === name && one.schema.type === 'object')
      ? Object.entries(value).map(([key, one]) => [`${name}[${key}]`, one])
      : [[name, value]]
  const asText = (query: Json) =>
    new URLSearchParams(
      Object.entries<Json>(query ?? {})
        .flatMap(exploded)
        .map(([name, value]): [string, string] => [name, textOf(value).toWellFormed()]),
    )
  return fc
    .oneof(
      { weight: 5, arbitrary: fits.map(asText) },
      { weight: 1, arbitrary: nearMiss(fits).map(query => asText(typeof query === 'object' ? query : { x: query })) },
    )
    .map(query => (query.size === 0 ? '' : `?${query}`))
}

/** A near miss may be an object, even one that has no text. */
const textOf = (value: Json): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'))

const bodyOf = (body: Json | undefined): fc.Arbitrary<Pick<Sent, 'raw' | 'headers'>> => {
  if (!body) return fc.constant({ headers: {} })
  const fits = fitting(body.content['application/json'].schema, resolve).map(bodyWithOurs)
  const json = (value: Json) => ({ raw: JSON.stringify(value) ?? 'null', headers: {} })
  return fc.oneof(
    { weight: 6, arbitrary: fits.map(json) },
    { weight: 4, arbitrary: nearMiss(fits).map(json) },
    { weight: 1, arbitrary: fc.constantFrom('', '{', '{"a":', 'x'.repeat(70_000)).map(raw => ({ raw, headers: {} })) },
    { weight: 1, arbitrary: fits.map(value => ({ ...json(value), headers: { 'content-type': 'text/plain' } })) },
  )
}

const requestOf = (template: string, { parameters = [], requestBody, security }: Json): fc.Arbitrary<Sent> => {
  const right = security.some((one: Json) => 'adminToken' in one) ? ADMIN_TOKEN : api.partner.key
  const key = fc.oneof(
    { weight: 15, arbitrary: fc.constant(right) },
    { weight: 1, arbitrary: fc.constantFrom(null, 'x') },
  )
  return fc
    .tuple(pathOf(template), queryOf(parameters), key, bodyOf(requestBody))
    .map(([path, query, key, body]) => ({ path: `${path}${query}`, key, ...body }))
}

const send = async (method: string, { path, key, raw, headers }: Sent) => {
  const response = await api.app.request(path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(raw === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(raw === undefined ? {} : { body: raw }),
  })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

const operations = Object.entries<Json>(document.paths).flatMap(([template, item]) =>
  METHODS.flatMap(method => (item[method] ? [[method.toUpperCase(), template, item[method]] as const] : [])),
)
/** What disables a partner, or takes the rest with it, comes last. */
const HARM: Readonly<Record<string, number>> = { PATCH: 1, DELETE: 2 }
const byHarm = operations.toSorted(([a], [b]) => (HARM[a] ?? 0) - (HARM[b] ?? 0))

describe.each(byHarm)('%s %s', (method, template, operation) => {
  test('answers every request as the document says', async () => {
    const statuses: number[] = []
    await fc.assert(
      fc.asyncProperty(requestOf(template, operation), async sent => {
        const { status, type, text } = await send(method, sent)
        const about = `${method} ${sent.path} ${sent.raw ?? ''}: ${status} ${text.slice(0, 300)}`
        statuses.push(status)
        const stated = operation.responses[status]
        expect(Object.keys(operation.responses), about).toContain(String(status))
        expect(status, about).toBeLessThan(500)
        const { content } = stated.$ref ? resolve(stated.$ref) : stated
        if (!content) {
          if (status === 204) expect(text, about).toBe('')
          return
        }
        const mediaType = type?.replace(/;.*/, '') ?? ''
        expect(Object.keys(content), about).toContain(mediaType)
        if (mediaType.endsWith('json')) expectToFit(content[mediaType].schema, JSON.parse(text), about)
        if (mediaType === 'application/problem+json')
          for (const { message } of JSON.parse(text).errors ?? [])
            expect(message, about).toMatch(/^(must |is unknown|is missing|has a space)/)
      }),
      { numRuns: RUNS_OF_AN_OPERATION, seed: 20_261_124 },
    )
    expect(
      statuses.some(status => status < 400),
      `only ${new Set(statuses)}: no request succeeded`,
    ).toBe(true)
  })
})

describe('the webhooks', () => {
  const CONTENT = webhookContent(START, { registrationId: 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH' })
  const NOTHING = { status: null, verdict: null }

  test.each<Partial<WebhookContent>>([
    {},
    { thin: true, sandbox: true, previousPollAt: START - SECOND },
    {
      type: 'idface.failed',
      status: 'FAIL',
      verdict: { status: 'FAIL', message: null, livingScore: '0', similarity: null },
    },
    { type: 'idface.unresolved', ...NOTHING, reason: 'not_found' },
    { type: 'idface.unresolved', ...NOTHING, status: 'ING', reason: 'expired' },
    { type: 'idface.test', ...NOTHING, idcardid: 'test', metadata: {} },
  ])('have the bodies that are sent: %j', change => {
    const content = { ...CONTENT, ...change }
    const { schema } = document.webhooks[content.type].post.requestBody.content['application/json']
    expectToFit(schema, JSON.parse(webhookBody(content)), content.type)
  })
})
