import { describe, expect, test } from 'vitest'
import { DAY } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { TEST_ACCOUNT_ID } from '../../../src/core/test-serial.ts'
import { SUCCESS } from '../../support/store.ts'
import { HOOK, type Json, openApi, openApiForEach, START } from '../support/api.ts'

const api = openApiForEach()

const post = (body: unknown) => api.call('POST', '/v1/registrations', { body })
const valid = { idcardid: '16236437872836', callbackUrl: HOOK }

describe('registering', () => {
  test('answers 201 with the registration and its location', async () => {
    const { status, headers, json } = await post({ ...valid, metadata: { order: '42' } })
    expect(status).toBe(201)
    expect(json).toEqual({
      id: expect.stringMatching(/^reg_[0-9A-Z]{26}$/),
      idcardid: '16236437872836',
      callbackUrl: HOOK,
      metadata: { order: '42' },
      status: 'pending',
      reason: null,
      result: null,
      polls: 0,
      lastPolledAt: null,
      nextPollAt: '2026-11-24T16:20:00.000Z',
      delivery: { messageId: null, state: 'pending', attempts: 0, nextAttemptAt: null },
      createdAt: '2026-11-24T16:20:00.000Z',
      expiresAt: '2026-11-25T16:20:00.000Z',
      resolvedAt: null,
    })
    expect(headers.get('location')).toBe(`/v1/registrations/${json.id}`)
    expect(headers.get('cache-control')).toBe('no-store')
    expect((await api.call('GET', headers.get('location') ?? '')).json).toEqual(json)
  })

  test('the same serial and URL again answers 200 with the existing registration, unchanged', async () => {
    const first = await post({ ...valid, metadata: { order: '42' } })
    expect(first.headers.has('idface-ignored')).toBe(false)
    const again = await post({ ...valid, callbackUrl: 'HTTPS://Partner.example:443/hook', metadata: { order: '43' } })
    expect(again.status).toBe(200)
    expect(again.json).toEqual(first.json)
    expect(again.headers.get('location')).toBe(`/v1/registrations/${first.json.id}`)
  })

  test.each([
    ['nothing else', {}, null],
    ['the same', { metadata: { b: '2', a: '1' }, expiresAt: '2026-11-25T00:00:00Z' }, null],
    ['other metadata', { metadata: { a: '1' } }, 'metadata'],
    ['empty metadata', { metadata: {} }, 'metadata'],
    ['another end', { expiresAt: START + DAY }, 'expiresAt'],
    ['both others', { metadata: { a: '2' }, expiresAt: START + DAY }, 'metadata, expiresAt'],
  ])('again with %s, it tells what was ignored, in a batch too', async (_, more, ignored) => {
    const first = { ...valid, metadata: { a: '1', b: '2' }, expiresAt: '2026-11-25T00:00:00Z' }
    const { json } = await post(first)
    const again = await post({ ...valid, ...more })
    expect([again.status, again.headers.get('idface-ignored'), again.json]).toEqual([200, ignored, json])
    const body = { registrations: [{ ...valid, ...more }] }
    const { results } = (await api.call('POST', '/v1/registrations/batch', { body })).json
    const named = ignored === null ? {} : { ignored: ignored.split(', ') }
    expect(results).toEqual([{ status: 200, registration: json, ...named }])
  })

  test.each([
    ['2026-11-25T16:20:00Z', '2026-11-25T16:20:00.000Z'],
    ['2026-11-26T00:20+0800', '2026-11-25T16:20:00.000Z'],
    [START / 1000 + 60, '2026-11-24T16:21:00.000Z'],
    [START + 60_000, '2026-11-24T16:21:00.000Z'],
    [START + 400 * DAY, '2027-12-29T16:20:00.000Z'],
  ])('expiresAt %s is accepted', async (expiresAt, read) => {
    expect((await post({ ...valid, expiresAt })).json.expiresAt).toBe(read)
  })
})

describe('where the service answers test serials itself', () => {
  test('what comes of one says so, and of another serial nothing does', async () => {
    await using sandbox = await openApi({ sandbox: true })
    await sandbox.store.createAccount({
      ...{ id: TEST_ACCOUNT_ID, apiId: 'test-serials', apiKey: new Secret('none') },
      ...{ passwordMode: 'static', rate: 1_000, partnerId: null },
    })
    const { id } = await sandbox.register({ idcardid: 'test_success_3s_x' })
    const other = await sandbox.register()
    await sandbox.answerWith(SUCCESS)
    const get = async (path: string) => (await sandbox.call('GET', path)).json
    const lookup = async (idcardid: string) => {
      const body = { idcardids: [idcardid] }
      return (await sandbox.call('POST', '/v1/registrations/lookup', { body })).json.data[0].registrations[0]
    }
    const ofId = ({ data }: Json, name: string) => data.find((one: Json) => one.registrationId === name)
    const events = await get('/v1/events')
    const all = (name: string, idcardid: string) =>
      Promise.all([
        get(`/v1/registrations/${name}`),
        lookup(idcardid),
        get(`/v1/registrations/${name}/explain`),
        ofId(events, name),
        JSON.parse(ofId(events, name).body).data,
      ])
    for (const told of await all(id, 'test_success_3s_x')) expect(told.sandbox).toBe(true)
    for (const told of await all(other.id, other.idcardid)) expect(told).not.toHaveProperty('sandbox')
  })

  test.each(['test_sucess_3s', 'test_success_3_x'])('%s is refused with the forms', async idcardid => {
    await using sandbox = await openApi({ sandbox: true })
    const { status, json } = await sandbox.call('POST', '/v1/registrations', { body: { ...valid, idcardid } })
    expect(status).toBe(422)
    expect(json.errors).toEqual([{ path: 'idcardid', message: expect.stringContaining('test_success') }])
  })
})

test.each(['test_success_3s', 'test_sucess_3s', 'TEST-SUCCESS'])(
  'where test serials are off, %s is refused and not asked about for hours',
  async idcardid => {
    const { status, json } = await post({ ...valid, idcardid })
    expect(status).toBe(422)
    expect(json.errors).toEqual([{ path: 'idcardid', message: expect.stringContaining('off') }])
  },
)

describe('null in an optional field', () => {
  test('means that it is absent, also in a batch', async () => {
    const absent = { metadata: null, expiresAt: null, account: null }
    const { status, json } = await post({ ...valid, ...absent })
    expect([status, json.metadata, json.expiresAt]).toEqual([201, {}, '2026-11-25T16:20:00.000Z'])
    const registrations = [{ ...valid, idcardid: 'b', ...absent }]
    const batch = await api.call('POST', '/v1/registrations/batch', { body: { registrations } })
    expect(batch.json.results[0].status).toBe(201)
    const rotated = await api.call('POST', '/v1/signing-secrets/rotate', { body: { overlap: null, type: null } })
    expect([rotated.status, rotated.json.type]).toEqual([201, 'v1'])
    const resend = { since: '2026-11-24T00:00:00Z', until: null, delivery: 'exhausted' }
    expect((await api.call('POST', '/v1/resend', { body: resend })).status).toBe(202)
  })
})

describe('an invalid field', () => {
  test.each<[string, Json]>([
    ['idcardid', undefined],
    ['idcardid', 16236437872836],
    ['idcardid', '0'],
    ['idcardid', '1\u0000'],
    ['idcardid', '1'.repeat(65)],
    ['callbackUrl', 'partner.example'],
    ['callbackUrl', 'http://partner.example/'],
    ['callbackUrl', `https://partner.example/${'a'.repeat(2048)}`],
    ['metadata', []],
    ['metadata', { a: '证'.repeat(700) }],
    ['expiresAt', 'tomorrow'],
    ['expiresAt', '2026-11-24T16:20:00Z'],
    ['expiresAt', START / 1000 - 1],
    ['expiresAt', START + 400 * DAY + 1],
    ['account', 'nobody'],
    ['status', 'succeeded'],
    ['idcardid', '11010519491231002X'],
    ['idcardid', '16236437872836\n'],
  ])('%s = %j is a 422 that names the field and says what would be right', async (path, value) => {
    const { status, json } = await post({ ...valid, [path]: value })
    expect(status).toBe(422)
    expect(json).toMatchObject({ type: '/docs/problems#invalid_body', status: 422 })
    expect(json.errors).toEqual([{ path, message: expect.stringMatching(/must|is unknown|is missing|has a space/) }])
    expect((await api.call('GET', '/v1/registrations')).json.data).toEqual([])
  })

  test('says of each field what is wrong with it, in both languages', async () => {
    const said = async (body: Json, language = 'en') => {
      const { json } = await api.call('POST', '/v1/registrations', { body, headers: { 'accept-language': language } })
      return (json.errors ?? []).map(({ path, message }: Json) => `${path} ${message}`)
    }
    const { idcardid, callbackUrl } = valid
    expect(await said({ callbackUrl })).toEqual(['idcardid is missing'])
    expect(await said({ idcardid })).toEqual(['callbackUrl is missing'])
    expect(await said({ idcardid }, 'zh')).toEqual(['callbackUrl 缺少该字段，请填写'])
    expect(await said({ callbackUrl, idcardid: ' 1' })).toEqual([
      'idcardid has a space or a line break at its beginning',
    ])
    expect(await said({ callbackUrl: `${callbackUrl}\n`, idcardid })).toEqual([
      'callbackUrl has a space or a line break at its end',
    ])
    for (const [name, field, rest] of [
      ['idCardId', 'idcardid', { callbackUrl }],
      ['idcard_id', 'idcardid', { callbackUrl }],
      ['callback_url', 'callbackUrl', { idcardid }],
      ['expires_at', 'expiresAt', valid],
    ] as const) {
      expect(await said({ ...rest, [name]: '1' })).toEqual([`${name} is unknown: did you mean ${field}?`])
      expect(await said({ ...rest, [name]: '1' }, 'zh')).toEqual([`${name} 不支持该字段，是否应为 ${field}？`])
    }
    expect(await said({ ...valid, colour: '1' }, 'zh')).toEqual([
      expect.stringMatching(/^colour 不支持该字段，可用字段：idcardid、/),
    ])
    expect(await said({ ...valid, metadata: { order: 42 } }, 'zh')).toEqual(['metadata.order 必须是字符串'])
    expect(await said({ ...valid, metadata: { a: '1', b: '\ud800' } })).toEqual([
      expect.stringMatching(/^metadata.b must/),
    ])
  })

  test('takes no number of a person for a serial, but what only looks like one', async () => {
    const { json } = await post({ ...valid, idcardid: '11010519491231002x' })
    expect(json.errors).toEqual([{ path: 'idcardid', message: expect.stringContaining('ID card') }])
    const batch = { registrations: [{ ...valid, idcardid: '11010519491231002X' }, valid] }
    const { results } = (await api.call('POST', '/v1/registrations/batch', { body: batch })).json
    expect(results.map(({ status }: Json) => status)).toEqual([422, 201])
    // A wrong checksum, no such day, one digit more, and a region that begins with 0.
    for (const idcardid of ['110105194912310021', '110105194902300020', '1101051949123100200', '026120200110200000'])
      expect((await post({ ...valid, idcardid })).status).toBe(201)
    const lookup = await api.call('POST', '/v1/registrations/lookup', { body: { idcardids: ['11010519491231002X'] } })
    expect(lookup.status).toBe(200)
  })

  test('a serial in the place of an id is answered with how to find it', async () => {
    for (const call of ['', '/explain', '/attempts']) {
      const { status, json } = await api.call('GET', `/v1/registrations/16236437872836${call}`)
      expect([status, json.detail.includes('?idcardid=16236437872836')]).toEqual([404, true])
    }
    const { json } = await api.call('GET', '/v1/registrations/msg_01M8QHK1V7TTZ645VXQTNNZ0C0')
    expect(json.detail).not.toContain('idcardid')
  })

  test('is listed together with all the others', async () => {
    const body = { idcardid: 1, callbackUrl: 'x', metadata: 1, expiresAt: 'x', account: 1, attempts: 9, polls: 1 }
    const { json } = await post(body)
    expect(json.errors.map((error: Json) => error.path).sort()).toEqual(Object.keys(body).sort())
  })
})

describe('a registration', () => {
  test('can be cancelled repeatedly, and is then neither asked about nor sent', async () => {
    const { id } = await api.register()
    for (const _ of [1, 2]) {
      const { status, text } = await api.call('DELETE', `/v1/registrations/${id}`)
      expect([status, text]).toEqual([204, ''])
    }
    expect((await api.call('GET', `/v1/registrations/${id}`)).json.status).toBe('cancelled')
    expect(await api.succeed()).toBe(0)
  })

  test.each([
    ['succeeded', (id: string) => api.succeed().then(() => id)],
    [
      'unresolved',
      (id: string) => {
        api.clock.now += 2 * DAY
        return api.answerWith({ kind: 'waiting', code: 2, status: 'ING' }).then(() => id)
      },
    ],
  ])('that has ended as %s is not cancelled, but erased if that is asked for', async (status, end) => {
    const { id } = await api.register({ metadata: { order: '42' } })
    await end(id)
    const path = `/v1/registrations/${id}`
    const before = (await api.call('GET', path)).json
    expect(before.status).toBe(status)
    const refused = await api.call('DELETE', path)
    expect([refused.status, refused.json.type]).toEqual([409, '/docs/problems#has_verdict'])
    expect((await api.call('GET', path)).json).toEqual(before)
    for (const wrong of ['false', '', '1'])
      expect((await api.call('DELETE', `${path}?erase=${wrong}`)).json.errors).toMatchObject([{ path: 'erase' }])
    for (const again of ['?erase=true', '?erase=true', ''])
      expect((await api.call('DELETE', `${path}${again}`)).status).toBe(204)
    expect((await api.call('GET', path)).json).toMatchObject({ status: 'cancelled', result: null, metadata: {} })
  })

  test('is polled now when its partner hints that the user is back', async () => {
    const { id } = await api.register()
    await api.answerWith({ kind: 'waiting', code: 2, status: 'ING' })
    api.clock.now += 1_000
    const { status, json } = await api.call('POST', `/v1/registrations/${id}/poll`)
    expect(status).toBe(202)
    expect(json).toMatchObject({ id, nextPollAt: '2026-11-24T16:20:01.000Z' })
  })

  test('lists its attempts, oldest first', async () => {
    const { id } = await api.register()
    expect((await api.call('GET', `/v1/registrations/${id}/attempts`)).json).toEqual({ data: [], nextCursor: null })
    await api.succeed()
    await api.receiveWith(500)
    api.clock.now += 10 * 60_000
    await api.receiveWith(null)
    expect((await api.call('GET', `/v1/registrations/${id}/attempts`)).json).toEqual({
      data: [
        {
          at: '2026-11-24T16:20:00.000Z',
          outcome: 'rejected',
          httpStatus: 500,
          error: null,
          errorText: null,
          durationMs: 12,
          responseExcerpt: 'hello',
          origin: 'first',
        },
        expect.objectContaining({
          at: '2026-11-24T16:30:00.000Z',
          outcome: 'failed',
          httpStatus: null,
          error: 'no_response',
          errorText: expect.stringMatching(/^no response came: /),
        }),
      ],
      nextCursor: null,
    })
    const inChinese = { headers: { 'accept-language': 'zh-CN' } }
    const { json } = await api.call('GET', `/v1/registrations/${id}/attempts`, inChinese)
    expect(json.data[1].errorText).toMatch(/^\p{Script=Han}+：/u)
  })

  test('is resent now, with the same message id', async () => {
    const { id } = await api.registerAndSend(200)
    const { status, json } = await api.call('POST', `/v1/registrations/${id}/resend`)
    expect(status).toBe(202)
    expect(json.delivery).toMatchObject({ messageId: id.replace('reg_', 'msg_'), state: 'pending', attempts: 1 })
    expect(await api.receiveWith(200)).toBe(1)
  })
})
