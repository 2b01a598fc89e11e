import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { createAdminToken } from '../../../src/core/api-key.ts'
import { SECOND } from '../../../src/core/duration.ts'
import type { Language } from '../../../src/core/language.ts'
import type { ApiDeps } from '../../../src/http/api.ts'
import { PROBLEMS } from '../../../src/http/json/problem.ts'
import { describeFailure } from '../../../src/store/sqlite/failure.ts'
import { unavailable } from '../../../src/store/unavailable.ts'
import { ADMIN_TOKEN, HOOK, type Json, openApi } from '../support/api.ts'
import { operationsOf, operatorDocument, partnerDocument, resolveIn } from './support/documents.ts'

/** The service, called by who reads this language. */
const openIn = async (language: Language, overrides: Partial<ApiDeps> = {}) => {
  const api = await openApi(overrides)
  const call: typeof api.call = (method, path, { headers, ...sent } = {}) =>
    api.call(method, path, { ...sent, headers: { 'accept-language': language, ...headers } })
  return { ...api, call }
}

interface Example {
  route: string
  status: number
  /** The code, with a number where one code has several. */
  name: string
  description: string
  value: Json
}

const examplesOf = (documents: Json[]): Example[] =>
  documents.flatMap(document =>
    operationsOf(document).flatMap(([route, { responses }]) =>
      Object.entries<Json>(responses).flatMap(([status, response]) => {
        const { content, description } = response.$ref ? resolveIn(document)(response.$ref) : response
        const media = content?.['application/problem+json']
        if (!media) return []
        return Object.entries<Json>(media.examples ?? { missing: {} }).map(([name, { value }]) => ({
          ...{ route, status: Number(status), name, description, value },
        }))
      }),
    ),
  )

const SERVICES = { en: await openIn('en'), zh: await openIn('zh') }
const EXAMPLES = {
  en: examplesOf([await partnerDocument(SERVICES.en), await operatorDocument(SERVICES.en)]),
  // The document of operators is English.
  zh: examplesOf([await partnerDocument(SERVICES.zh, 'zh')]),
}
afterAll(() => Promise.all(Object.values(SERVICES).map(api => api[Symbol.asyncDispose]())))

describe.each(['en', 'zh'] as const)('in %s', language => {
  const api = SERVICES[language]
  const examples = EXAMPLES[language]
  const isDocumented = ([route]: readonly [string, ...unknown[]]) => examples.some(one => one.route === route)

  const expectExample = (route: string, name: string, { status, json }: { status: number; json: Json }) => {
    const { value, status: documented } = examples.find(one => one.route === route && one.name === name) as Example
    expect(status).toBe(documented)
    expect({ ...json, requestId: null }).toEqual({ ...value, requestId: null })
  }

  test('every error of every call has an example of its own status and code', () => {
    expect(examples.length).toBeGreaterThan(100)
    for (const { route, status, name, description, value } of examples) {
      const about = `${route} ${status} ${name}`
      const code = name.replace(/_\d+$/, '') as keyof typeof PROBLEMS
      expect(PROBLEMS[code]?.status, about).toBe(status)
      expect(value, about).toMatchObject({ type: `/docs/problems#${code}`, status, title: expect.any(String) })
      expect(description, about).toContain(`\`${code}\``)
      expect('errors' in value, about).toBe(code === 'invalid_body' || code === 'invalid_query')
    }
  })

  describe('what a call is refused with is what its example says', () => {
    const key = api.partner.key
    const body = { idcardid: '16236437872836', callbackUrl: HOOK }
    const ofOther = async () => {
      await api.register({ idcardid: 'theirs' }, api.other.key)
      return api.call('POST', '/v1/registrations', { body: { ...body, idcardid: 'theirs' } })
    }
    const cancelled = async (verb: string) => {
      const { id } = await api.register({ idcardid: `cancelled-${verb}` })
      await api.call('DELETE', `/v1/registrations/${id}`)
      return api.call('POST', `/v1/registrations/${id}/${verb}`)
    }
    const overHosts = async () => {
      await api.store.changePartner(api.other.id, { quotas: { hosts: 3 } })
      const key = api.other.key
      for (const n of [1, 2, 3])
        await api.call('POST', '/v1/registrations', {
          key,
          body: { idcardid: `h${n}`, callbackUrl: `https://h${n}.example/` },
        })
      return api.call('POST', '/v1/registrations', { key, body: { ...body, callbackUrl: 'https://h4.example/' } })
    }
    const hundredAndOne = async () => {
      const registrations = Array.from({ length: 100 }, (_, n) => ({
        idcardid: 'crowded',
        callbackUrl: `https://n${n}.example/`,
      }))
      await api.call('POST', '/v1/registrations/batch', { body: { registrations } })
      return api.call('POST', '/v1/registrations', { body: { ...body, idcardid: 'crowded' } })
    }
    const tooManyResends = async () => {
      const { id } = await api.register({ idcardid: 'resent' })
      await api.succeed()
      for (let n = 0; n < 10; n++) await api.call('POST', `/v1/registrations/${id}/resend`)
      return api.call('POST', `/v1/registrations/${id}/resend`)
    }
    const tooManySecrets = async () => {
      for (let n = 0; n < 3; n++) await api.call('POST', '/v1/signing-secrets/rotate')
      return api.call('POST', '/v1/signing-secrets/rotate')
    }
    const newestSecret = async () => {
      const { json } = await api.call('GET', '/v1/signing-secrets')
      return api.call('DELETE', `/v1/signing-secrets/${json.data[0].id}`)
    }
    const tests = async () => {
      for (let n = 0; n < 10; n++) await api.call('POST', '/v1/callbacks/test', { body: { callbackUrl: HOOK } })
      return api.call('POST', '/v1/callbacks/test', { body: { callbackUrl: HOOK } })
    }
    const resends = async () => {
      const body = { since: '2026-11-24T08:00:00Z', delivery: 'exhausted' }
      for (let n = 0; n < 10; n++) await api.call('POST', '/v1/resend', { body })
      return api.call('POST', '/v1/resend', { body })
    }
    const reads = async () => {
      const { id, hash, text } = createAdminToken('token_01JABCDEFGHJKMNPQRSTVWXYZ0', randomBytes)
      await api.store.createAdminToken({ id, hash, name: 'reader', role: 'read', expiresAt: null })
      return api.call('POST', '/v1/admin/partners', { key: text, body: { name: 'x' } })
    }
    const post = (path: string, more: Json = {}) => api.call('POST', path, { key, ...more })

    const REFUSED: [route: string, name: string, refuse: () => Promise<Json>][] = [
      ['POST /v1/registrations', 'conflict', ofOther],
      ['POST /v1/registrations', 'conflict_2', hundredAndOne],
      ['POST /v1/registrations', 'forbidden', overHosts],
      ['POST /v1/registrations', 'invalid_json', () => post('/v1/registrations', { raw: '{"order": 1,}' })],
      [
        'POST /v1/registrations',
        'invalid_body',
        () => post('/v1/registrations', { body: { ...body, idcardid: null } }),
      ],
      ['POST /v1/registrations', 'invalid_query', () => post('/v1/registrations?unknown=', { body })],
      ['POST /v1/registrations', 'payload_too_large', () => post('/v1/registrations', { raw: 'x'.repeat(65_537) })],
      [
        'POST /v1/registrations/batch',
        'payload_too_large',
        () => post('/v1/registrations/batch', { raw: 'x'.repeat(2 ** 20 + 1) }),
      ],
      [
        'POST /v1/registrations/lookup',
        'payload_too_large',
        () => post('/v1/registrations/lookup', { raw: 'x'.repeat(2 ** 17 + 1) }),
      ],
      [
        'POST /v1/registrations/lookup',
        'invalid_body',
        () => post('/v1/registrations/lookup', { body: { idcardids: null } }),
      ],
      [
        'POST /v1/registrations',
        'unsupported_media_type',
        () => post('/v1/registrations', { raw: '{}', headers: { 'content-type': 'text/plain' } }),
      ],
      ['GET /v1/registrations', 'unauthorized', () => api.call('GET', '/v1/registrations', { key: null })],
      ['GET /v1/admin/partners', 'unauthorized', () => api.call('GET', '/v1/admin/partners', { key: 'wrong' })],
      ['GET /v1/registrations', 'invalid_query', () => api.call('GET', '/v1/registrations?idcardid=')],
      ['GET /v1/registrations/{id}', 'not_found', () => api.call('GET', '/v1/registrations/reg_1')],
      ['GET /v1/resend/{id}', 'not_found', () => api.call('GET', '/v1/resend/resend_1')],
      ['DELETE /v1/signing-secrets/{id}', 'not_found', () => api.call('DELETE', '/v1/signing-secrets/secret_1')],
      ['DELETE /v1/signing-secrets/{id}', 'conflict', newestSecret],
      ['POST /v1/registrations/{id}/poll', 'conflict', () => cancelled('poll')],
      ['POST /v1/registrations/{id}/resend', 'conflict_2', () => cancelled('resend')],
      ['POST /v1/registrations/{id}/resend', 'too_many_requests', tooManyResends],
      ['POST /v1/signing-secrets/rotate', 'conflict', tooManySecrets],
      ['POST /v1/callbacks/test', 'too_many_requests', tests],
      ['POST /v1/resend', 'too_many_requests', resends],
      ['POST /v1/admin/partners', 'forbidden', reads],
      ['GET /v1/admin/partners/{id}', 'not_found', () => api.call('GET', '/v1/admin/partners/x', { key: ADMIN_TOKEN })],
    ]

    test.each(REFUSED.filter(isDocumented))('%s %s', async (route, name, refuse) => {
      expectExample(route, name, await refuse())
      api.clock.now += 60 * SECOND
    })

    test('GET /v1/events conflict', async () => {
      await api.register({ idcardid: 'told' })
      await api.succeed()
      const { status, json } = await api.call('GET', '/v1/events?after=evt_1_abc')
      expect(json.nextCursor).toMatch(/^evt_\w+$/)
      expectExample('GET /v1/events', 'conflict', { status, json: { ...json, nextCursor: 'evt_41_mhw3k2o0' } })
    })
  })

  describe('what the service cannot do now is what its example says', () => {
    const openWith = (overrides: Partial<ApiDeps>) =>
      openIn(language, { apiRate: 200, registrationRate: 200, ...overrides })
    const register = (fresh: Awaited<ReturnType<typeof openApi>>) =>
      fresh.call('POST', '/v1/registrations', {
        body: { idcardid: 'a', callbackUrl: HOOK },
        headers: { 'x-request-id': 'req_01KAW2X5G0R1S2T3V4W5X6Y7Z8' },
      })

    test('too many requests of a key', async () => {
      await using fresh = await openWith({})
      for (let n = 0; n < 400; n++) await fresh.call('GET', '/v1/registrations/reg_1')
      expectExample(
        'GET /v1/registrations/{id}',
        'too_many_requests',
        await fresh.call('GET', '/v1/registrations/reg_1'),
      )
    })

    if (language === 'en')
      test('too many wrong keys of an operator', async () => {
        await using fresh = await openWith({})
        const guess = () => fresh.call('GET', '/v1/admin/overview', { key: 'wrong' })
        const statuses = []
        while (statuses.at(-1) !== 429 && statuses.length < 1_000) statuses.push((await guess()).status)
        expectExample('GET /v1/admin/overview', 'too_many_requests', await guess())
      })

    test('too many registrations', async () => {
      await using fresh = await openWith({})
      const registrations = Array.from({ length: 1_000 }, () => null)
      for (let n = 0; n < 2; n++) await fresh.call('POST', '/v1/registrations/batch', { body: { registrations } })
      expectExample('POST /v1/registrations', 'too_many_requests', await register(fresh))
    })

    test('a database that is busy', async () => {
      const busy = unavailable(describeFailure(Object.assign(new Error(), { code: 'SQLITE_BUSY' })))
      await using fresh = await openWith({ register: () => Promise.reject(busy) })
      expectExample('POST /v1/registrations', 'unavailable', await register(fresh))
    })

    test('a bug', async () => {
      await using fresh = await openWith({ register: () => Promise.reject(new Error('a bug')) })
      expectExample('POST /v1/registrations', 'internal', await register(fresh))
    })
  })
})
