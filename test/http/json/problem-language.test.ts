import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { judgeUrl } from '../../../src/core/callback-url.ts'
import { SECOND } from '../../../src/core/duration.ts'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { check } from '../../../src/http/json/validate.ts'
import { callsOf } from '../../../src/http/openapi/operation.ts'
import { OPERATOR_OPERATIONS } from '../../../src/http/openapi/operator-operations.ts'
import { PARTNER_OPERATIONS } from '../../../src/http/openapi/partner-operations.ts'
import { createRegistrationBody } from '../../../src/http/partner/registration-body.ts'
import { CLOSED } from '../../../src/store/sqlite/failure.ts'
import { unavailable } from '../../../src/store/unavailable.ts'
import { ADMIN_TOKEN, HOOK, openApi, START } from '../support/api.ts'

const CHINESE = /\p{Script=Han}/u

describe('over HTTP', () => {
  let api: Awaited<ReturnType<typeof openApi>>
  beforeEach(async () => {
    api = await openApi()
  })
  afterEach(() => api[Symbol.asyncDispose]())

  type Options = Parameters<typeof api.call>[2]
  const REGISTRATIONS = '/v1/registrations'
  const CALLS: Readonly<
    Record<keyof typeof PROBLEMS, (headers: Record<string, string>) => ReturnType<typeof api.call>>
  > = {
    invalid_json: headers => send('POST', REGISTRATIONS, { headers, raw: '{"a": ' }),
    invalid_query: headers => send('GET', `${REGISTRATIONS}?colour=red`, { headers }),
    unauthorized: headers => send('GET', REGISTRATIONS, { headers, key: null }),
    forbidden: async headers => {
      await api.store.changePartner(api.partner.id, { quotas: { pending: null, hosts: 0, daily: null } })
      return send('POST', REGISTRATIONS, { headers, body: { idcardid: '1', callbackUrl: HOOK } })
    },
    not_found: headers => send('GET', `${REGISTRATIONS}/reg_x`, { headers }),
    method_not_allowed: headers => send('PUT', REGISTRATIONS, { headers, body: {} }),
    conflict: async headers => {
      const { id } = await api.register()
      return send('POST', `${REGISTRATIONS}/${id}/resend`, { headers })
    },
    payload_too_large: headers => send('POST', REGISTRATIONS, { headers, raw: ' '.repeat(70_000) }),
    unsupported_media_type: headers =>
      send('POST', REGISTRATIONS, { headers: { ...headers, 'content-type': 'text/plain' }, raw: '{}' }),
    invalid_body: headers => send('POST', REGISTRATIONS, { headers, body: { idcardid: 1 } }),
    too_many_requests: async headers => {
      for (let n = 0; n < 10; n++) await send('POST', '/v1/callbacks/test', { body: { callbackUrl: HOOK } })
      return send('POST', '/v1/callbacks/test', { headers, body: { callbackUrl: HOOK } })
    },
    internal: headers => {
      vi.spyOn(api.store, 'listRegistrations').mockRejectedValueOnce(new TypeError('a bug'))
      return send('GET', REGISTRATIONS, { headers })
    },
    unavailable: headers => {
      vi.spyOn(api.store, 'listRegistrations').mockRejectedValueOnce(unavailable(CLOSED))
      return send('GET', REGISTRATIONS, { headers })
    },
  }
  const send = (method: string, path: string, options: Options) => api.call(method, path, options)

  test.each(Object.entries(CALLS))('%s was told in English only', async (code, call) => {
    const { status, json, headers } = await call({ 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' })
    const { title, status: expected } = PROBLEMS[code as keyof typeof PROBLEMS]
    expect([status, json.type, json.title]).toEqual([expected, `/docs/problems#${code}`, title.zh])
    expect([headers.get('content-language'), headers.get('vary')]).toEqual(['zh', 'accept-language'])
    expect(json.detail).toMatch(CHINESE)
    for (const { message } of json.errors ?? []) expect(message).toMatch(CHINESE)
  })

  test.each([undefined, '*', 'de', 'en-US,en;q=0.9,zh;q=0.1', '中文'])(
    'is English by accept-language: %s',
    async asked => {
      const { json, headers } = await CALLS.invalid_body(
        asked === undefined ? {} : { 'accept-language': encodeURI(asked) },
      )
      expect(json).toMatchObject({
        title: 'Invalid fields in the body',
        detail: '2 fields of the body are invalid.',
        errors: [
          {
            path: 'idcardid',
            message: 'must be a string, and was sent as a number: quote it, such as "16236437872836"',
          },
          { path: 'callbackUrl', message: 'must be a URL' },
        ],
      })
      expect([headers.get('content-language'), headers.get('vary')]).toEqual(['en', 'accept-language'])
    },
  )

  test('of an item of a batch is in the language of the batch', async () => {
    const { json, headers } = await send('POST', `${REGISTRATIONS}/batch`, {
      body: { registrations: [{ idcardid: 1 }, 'no registration'] },
      headers: { 'accept-language': 'zh' },
    })
    expect(headers.get('content-language')).toBe('zh')
    for (const { problem } of json.results) {
      expect(problem.title).toBe(PROBLEMS.invalid_body.title.zh)
      for (const { message } of problem.errors) expect(message).toMatch(CHINESE)
    }
  })

  test('of the admin API is Chinese too', async () => {
    const headers = { 'accept-language': 'zh' }
    const { json } = await send('POST', '/v1/admin/bulk', { key: ADMIN_TOKEN, headers, body: { act: 'burn' } })
    expect(json.errors).toContainEqual({ path: 'act', message: '必须是以下之一：resend、cancel、poll' })
  })
})

describe('what is wrong with a field is said in both languages', () => {
  const calls = callsOf({ ...PARTNER_OPERATIONS, ...OPERATOR_OPERATIONS })
  // The document's own knows no URLs.
  const registrationBody = createRegistrationBody({
    judgeUrl: text => {
      const verdict = judgeUrl(text, { allowHttp: true, allowed: { contains: () => false } })
      return verdict.ok ? { ok: true, href: verdict.url.href } : verdict
    },
    now: () => START,
    sandbox: true,
  })
  const bodies = calls.flatMap(({ route, operation: { body } }): [string, z.ZodType][] => {
    if (body instanceof z.ZodObject && 'callbackUrl' in body.shape && !route.includes('/admin/')) return []
    return body ? [[route, body]] : []
  })
  const queries = calls.flatMap(({ route, operation: { query } }) => (query ? [[route, query] as const] : []))
  const VALUES = [
    null,
    true,
    -1,
    0.5,
    1e12,
    '',
    '0',
    'x y',
    '\u0007',
    '9'.repeat(9_000),
    '2020-01-01T00:00:00Z',
    [],
    [1],
    {},
    { x: 1 },
  ]
  const TIMES = [(START - SECOND) / SECOND, '2099-01-01T00:00:00Z']

  const expectBoth = (value: unknown, schema: z.ZodType) => {
    const checked = check(value, schema)
    for (const { path, message } of 'errors' in checked ? checked.errors : []) {
      expect(message.zh, `${path}: ${message.en}`).toMatch(CHINESE)
      expect(message.en, path).not.toMatch(CHINESE)
    }
  }
  const fieldsOf = (schema: z.ZodType): string[] => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])

  test.each([...bodies, ['POST /v1/registrations', registrationBody]])('in the body of %s', (_, schema) => {
    for (const value of [null, 1, 'text', [], {}, { unknown: 1 }]) expectBoth(value, schema)
    for (const name of fieldsOf(schema))
      for (const value of [...VALUES, ...TIMES]) expectBoth({ [name]: value }, schema)
  })

  test.each(queries)('in the query of %s', (_, schema) => {
    expectBoth({ unknown: '1' }, schema)
    for (const name of fieldsOf(schema))
      for (const value of VALUES) if (typeof value === 'string') expectBoth({ [name]: value }, schema)
  })
})
