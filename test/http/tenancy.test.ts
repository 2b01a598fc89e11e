import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noCounts } from '../../src/core/history.ts'
import { HOOK, openApi } from './support/api.ts'
import { BODIES, FOREIGN_HOOK, type Kind, MATRIX, SERIAL, SINCE, UNKNOWN } from './support/tenancy-matrix.ts'

type Api = Awaited<ReturnType<typeof openApi>>

const routesOf = ({ app }: Pick<Api, 'app'>) => [
  ...new Set(
    app.routes
      // The console calls these as whoever has signed in would.
      .filter(({ method, path }) => method !== 'ALL' && !/^\/console(\/|$)/.test(path))
      .map(({ method, path }) => `${method} ${path}`),
  ),
]
const rowsOf = (...kinds: string[]) =>
  Object.entries(MATRIX).flatMap(([route, kind]) => (kinds.includes(kind) ? [[route, kind] as const] : []))
const partsOf = (route: string) => route.split(' ') as [method: string, path: string]

let api: Api
let foreign: Awaited<ReturnType<typeof populate>>
beforeEach(async () => {
  api = await openApi()
  foreign = await populate(api)
})
afterEach(() => api[Symbol.asyncDispose]())

/** The other partner's things: one delivered, one exhausted, one that waits, a bulk resend and two live secrets. */
const populate = async ({ register, succeed, receiveWith, store, other, call, clock }: Api) => {
  const add = (idcardid: string) =>
    register({ idcardid, callbackUrl: FOREIGN_HOOK, metadata: { order: 'foreign-order' } }, other.key)
  await add('foreign-delivered')
  await succeed()
  await receiveWith(200)
  // The account's rate lets one call through at a time.
  clock.now += 1_000
  const exhausted = await add('foreign-exhausted')
  await succeed()
  await receiveWith(500, { scheduleMs: [] })
  clock.now += 1_000
  const pending = await add(SERIAL)
  const [secret] = await store.listSigningSecrets(other.id)
  const spare = await call('POST', '/v1/keys', { key: other.key })
  await call('POST', '/v1/signing-secrets/rotate', { key: other.key, body: {} })
  await call('PUT', '/v1/contact', { key: other.key, body: { url: 'https://foreign.example/contact' } })
  const resend = await call('POST', '/v1/resend', { key: other.key, body: { ...SINCE, until: SINCE.since } })
  await store.continueBulkActs(1)
  const series = { accountId: '', partnerId: other.id, host: 'foreign.example' }
  await store.addHistory('node', { at: clock.now, entries: [{ ...series, ...noCounts(), delivered: 1 }] })
  return {
    reg: pending.id as string,
    exhausted: exhausted.id as string,
    resend: resend.json.id as string,
    secret: secret?.id ?? '',
    key: spare.json.id as string,
  }
}

/** All that the other partner and the operator see of it, but for fresh signatures. */
const snapshot = async (): Promise<string> => {
  const own = [
    '/v1/registrations',
    '/v1/signing-secrets',
    '/v1/contact',
    '/v1/me',
    '/v1/status',
    '/v1/history',
    '/v1/history/hosts',
    '/v1/events',
    `/v1/resend/${foreign.resend}`,
  ]
  const texts = await Promise.all(own.map(async path => (await api.call('GET', path, { key: api.other.key })).text))
  const keys = await api.admin('GET', `/partners/${api.other.id}/keys`)
  return [...texts, keys.text].join('\n').replaceAll(/"webhook-signature":"[^"]*"/g, '')
}
const secretsOfOther = async (): Promise<string[]> => {
  const { json } = await api.call('GET', '/v1/signing-secrets', { key: api.other.key })
  const [first, second] = json.data
  return [
    first.id,
    second.id,
    foreign.key,
    api.other.id,
    api.other.keyId,
    foreign.reg,
    foreign.exhausted,
    foreign.resend,
  ]
}
const marksOfOther = async () => [...(await secretsOfOther()), 'foreign-', 'foreign.example', 'other']

test('M10: the matrix has exactly the routes of the API', () => {
  expect(routesOf(api).sort()).toEqual(Object.keys(MATRIX).sort())
})

describe.each(rowsOf('reg', 'resend', 'secret', 'key'))('M10: %s', (route, kind) => {
  const [method, path] = partsOf(route)

  test('for an object of another partner is a 404 with the same body as for an unknown id', async () => {
    const before = await snapshot()
    const theirs = await api.call(method, path.replace(':id', foreign[kind as Kind]))
    const unknown = await api.call(method, path.replace(':id', UNKNOWN[kind as Kind]))
    expect([theirs.status, unknown.status]).toEqual([404, 404])
    expect(theirs.text).toBe(unknown.text)
    const plain = ({ headers }: typeof theirs) => [...headers].filter(([name]) => name !== 'x-request-id')
    expect(plain(theirs)).toEqual(plain(unknown))
    expect(await snapshot()).toBe(before)
  })

  test('finds the object for its owner', async () => {
    const id = method === 'POST' && path.endsWith('/resend') ? foreign.exhausted : foreign[kind as Kind]
    const { status } = await api.call(method, path.replace(':id', id), { key: api.other.key })
    expect(status).toBeLessThan(300)
  })
})

describe.each(rowsOf('own'))('M10: %s', route => {
  const [method, path] = partsOf(route)
  const body = BODIES[route]

  test('shows nothing of another partner, and changes nothing of it', async () => {
    const before = await snapshot()
    const { status, text } = await api.call(method, path, body === undefined ? {} : { body })
    expect(status).toBeLessThan(500)
    // A serial that was sent comes back.
    const told = text.replace('by another partner', '').replace(`{"idcardid":"${SERIAL}","registrations":[]}`, '')
    for (const mark of await marksOfOther()) expect(told).not.toContain(mark)
    expect(await snapshot()).toBe(before)
  })
})

test('M10: what is the operator’s is closed to partners, whatever the id', async () => {
  const before = await snapshot()
  for (const [at, [route]] of rowsOf('operator').entries()) {
    // Each from a network of its own: wrong keys are slowed down by network.
    const from = `192.0.2.${at}`
    const [method, path] = partsOf(route)
    const body = BODIES[route]
    const ids = [api.partner.id, api.other.id, api.other.keyId, api.account.id, 'nobody']
    const answers = await Promise.all(
      ids.map(id => api.call(method, path.replace(':id', id), body === undefined ? { from } : { from, body })),
    )
    for (const { status, text } of answers) expect([route, status, text]).toEqual([route, 401, answers[0]?.text])
  }
  expect(await snapshot()).toBe(before)
})

test.each(rowsOf('public'))('M10: %s needs no key and shows no partner', async route => {
  const [method, path] = partsOf(route)
  const file = path.includes('examples') ? 'receiver.mjs' : 'page.js'
  const { status, text } = await api.call(method, path.replace(':file', file).replace(':page', 'problems'), {
    key: null,
  })
  const expected = { '/': 302, '/docs/': 301, '/docs/start': 301, '/docs/*': 404 }[path] ?? 200
  expect(status).toBe(expected)
  for (const mark of await secretsOfOther()) expect(text).not.toContain(mark)
  expect(text).not.toMatch(/foreign-|foreign\.example/)
})

describe('M4: a serial of another partner', () => {
  const post = (idcardid: string, callbackUrl = HOOK) =>
    api.call('POST', '/v1/registrations', { body: { idcardid, callbackUrl } })

  test('is a conflict without details, whatever its state', async () => {
    const waiting = await post(SERIAL)
    const delivered = await post('foreign-delivered')
    const sameUrl = await post(SERIAL, FOREIGN_HOOK)
    expect(waiting.json).toEqual({
      type: '/docs/problems#conflict',
      title: expect.any(String),
      status: 409,
      detail: 'This serial is registered by another partner.',
      requestId: waiting.headers.get('x-request-id'),
    })
    for (const { status, text } of [delivered, sameUrl]) expect([status, text]).toEqual([409, waiting.text])
    expect(waiting.headers.get('location')).toBeNull()
  })

  test('sends its verdict to its owner alone', async () => {
    await post(SERIAL)
    await api.succeed()
    expect((await api.call('GET', '/v1/events')).json.data).toEqual([])
    const theirs = (await api.call('GET', '/v1/events', { key: api.other.key })).json.data
    expect(theirs.map((event: { registrationId: string }) => event.registrationId)).toContain(foreign.reg)
  })
})

describe('M10: a cursor of another partner', () => {
  test('continues in the caller’s own list', async () => {
    const mine = await api.register({ idcardid: 'mine' })
    const theirs = await api.call('GET', '/v1/registrations?limit=1', { key: api.other.key })
    const { status, json } = await api.call('GET', `/v1/registrations?cursor=${theirs.json.nextCursor}`)
    expect([status, json.data]).toEqual([200, []])
    api.clock.now += 1
    const cursor = Buffer.from('"reg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"').toString('base64url')
    const all = await api.call('GET', `/v1/registrations?cursor=${cursor}`)
    expect(all.json.data.map((one: { id: string }) => one.id)).toEqual([mine.id])
  })

  test('shows none of that partner’s messages', async () => {
    const theirs = (await api.call('GET', '/v1/events', { key: api.other.key })).json
    expect((await api.call('GET', '/v1/events?after=evt_0')).json).toEqual({ data: [], nextCursor: 'evt_0' })
    const { status, json } = await api.call('GET', `/v1/events?after=${theirs.nextCursor}`)
    expect([status, json.data, json.nextCursor]).toEqual([409, undefined, 'evt_0'])
  })
})

test('M10: a bulk resend sends only the caller’s own messages', async () => {
  const mine = await api.register({ idcardid: 'mine' })
  await api.succeed()
  api.clock.now += 1_000
  await api.succeed()
  await api.receiveWith(500, { scheduleMs: [] })
  const stateOf = async (id: string, key: string) =>
    (await api.call('GET', `/v1/registrations/${id}`, { key })).json.delivery.state
  api.clock.now += 1_000
  const before = await snapshot()
  const { json } = await api.call('POST', '/v1/resend', { body: SINCE })
  expect(json.count).toBe(1)
  while (!(await api.store.continueBulkActs(100)).isIdle);
  expect(await stateOf(mine.id, api.partner.key)).toBe('pending')
  expect(await stateOf(foreign.exhausted, api.other.key)).toBe('exhausted')
  expect(await snapshot()).toBe(before)
})

test('M3: a callback URL is judged alike in every call that takes one', async () => {
  for (const callbackUrl of ['https://127.0.0.1/', 'https://[::1]/', 'https://10.0.0.1/', 'http://partner.example/']) {
    const registered = await api.call('POST', '/v1/registrations', { body: { idcardid: '1', callbackUrl } })
    const tested = await api.call('POST', '/v1/callbacks/test', { body: { callbackUrl } })
    const registrations = [{ idcardid: '1', callbackUrl }]
    const batch = await api.call('POST', '/v1/registrations/batch', { body: { registrations } })
    expect([registered.status, tested.status, batch.json.results[0].status]).toEqual([422, 422, 422])
    expect(tested.json.errors).toEqual(registered.json.errors)
    expect(batch.json.results[0].problem.errors).toEqual(registered.json.errors)
  }
})
