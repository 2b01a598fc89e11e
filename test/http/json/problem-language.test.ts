import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { judgeUrl } from '../../../src/core/callback-url.ts'
import { SECOND } from '../../../src/core/duration.ts'
import { AppError, type FieldError } from '../../../src/core/error.ts'
import type { ApiDeps } from '../../../src/http/api-env.ts'
import { callsOf } from '../../../src/http/calls.ts'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { checkBody } from '../../../src/http/json/validate.ts'
import { OPERATOR_OPERATIONS, PARTNER_OPERATIONS } from '../../../src/http/openapi/operations.ts'
import { checkedContact } from '../../../src/http/partner/contact.ts'
import { checkedRegistration } from '../../../src/http/partner/registration-schemas.ts'
import { openApi, START } from '../support/api.ts'

const CHINESE = /\p{Script=Han}/u

test.each([
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['fr, en;q=0.5, zh;q=0.9', 'zh'],
  ['en-US,en;q=0.9,zh;q=0.1', 'en'],
  ['zh;q=0', 'en'],
  ['de', 'en'],
  ['', 'en'],
] as const)('a problem, and those of a batch, are in the language of %j: %s', async (asked, language) => {
  await using api = await openApi()
  const { json, headers } = await api.call('POST', '/v1/registrations/batch', {
    body: { registrations: [{ idcardid: 1 }, 'no registration'] },
    headers: { 'accept-language': asked },
  })
  expect([headers.get('content-language'), headers.get('vary')]).toEqual([language, 'accept-language'])
  for (const { problem } of json.results) {
    expect(problem.title).toBe(PROBLEMS.invalid_body.title[language])
    for (const { message } of problem.errors) expect(CHINESE.test(message)).toBe(language === 'zh')
  }
})

describe('what is wrong with a field is said in both languages', () => {
  const calls = callsOf({ ...PARTNER_OPERATIONS, ...OPERATOR_OPERATIONS })
  // The document's own knows no URLs.
  const judged: ApiDeps['judgeUrl'] = text => {
    const verdict = judgeUrl(text, { allowHttp: true, allowed: { contains: () => false } })
    return verdict.ok ? { ok: true, value: verdict.url.href } : verdict
  }
  const registrationBody = checkedRegistration({ judgeUrl: judged, now: () => START, testSerials: true })
  const bodies = calls.flatMap(({ route, operation: { body } }): [string, z.ZodType][] => {
    if (route === 'PUT /v1/contact') return [[route, checkedContact({ judgeUrl: judged })]]
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

  const errorsOf = (value: unknown, schema: z.ZodType): readonly FieldError[] => {
    try {
      checkBody(value, schema)
    } catch (error) {
      if (error instanceof AppError) return error.errors
      throw error
    }
    return []
  }
  const expectBoth = (value: unknown, schema: z.ZodType) => {
    for (const { path, message } of errorsOf(value, schema)) {
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
