import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient, NotifierError, type RegistrationFilter } from '../../src/client/index.ts'
import { verifyWebhook } from '../../src/webhook/index.ts'
import { openStage } from '../e2e/stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
let client: Client
let hook: string

beforeAll(async () => {
  stage = await openStage({ SANDBOX: 'true', POLL_MIN_INTERVAL: '1m', POLL_MAX_INTERVAL: '5m', UPSTREAM_RATE: '10000' })
  client = createClient({ baseUrl: stage.service.url, apiKey: stage.partner.apiKey })
  hook = stage.receiver.urlFor('/hook')
})
afterAll(() => stage[Symbol.asyncDispose]())

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What a call was refused with. */
const refusalOf = async (call: Promise<unknown>): Promise<NotifierError> => {
  const error = await call.catch((caught: unknown) => caught)
  if (!(error instanceof NotifierError)) throw new Error(`not refused: ${error}`)
  return error
}

describe('the life of a registration', () => {
  test('goes from register to the verdict, its attempts and another webhook', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000)
    const metadata = { order: '42' }
    const fields = { idcardid: 'test_success_300ms', callbackUrl: hook, metadata, expiresAt, more: 'is left out' }
    const registered = await client.register(fields)
    expect(registered).toMatchObject({ status: 'pending', metadata, expiresAt: expiresAt.toISOString() })
    expect((await client.register(fields)).id).toBe(registered.id)

    const { id } = registered
    expect(await client.waitForVerdict(id)).toMatchObject({ id, status: 'succeeded', result: { status: 'SUCCESS' } })
    await stage.delivery(id)
    await client.resend(id)
    await stage.delivery(id, 2)
    await stage.api.until(id, one => one.delivery.attempts === 2)
    expect(await client.attempts(id)).toMatchObject([{ outcome: 'delivered' }, { outcome: 'delivered' }])
    expect(await client.getRegistration(id)).toMatchObject({ delivery: { state: 'delivered', attempts: 2 } })
    await expect(client.cancel(id)).rejects.toMatchObject({ code: 'has_verdict', status: 409 })
    expect(await client.cancel(id, { erase: true })).toBeUndefined()
    expect(await client.getRegistration(id)).toMatchObject({ status: 'cancelled', result: null })
  })

  test('can be hastened, explained in two languages, waited for in vain, and cancelled', async () => {
    const { id } = await client.register({ idcardid: 'test_fail_1h', callbackUrl: hook })
    expect(await client.poll(id)).toMatchObject({ id, status: 'pending' })
    expect(await client.explain(id)).toMatchObject({ registrationId: id, language: 'en' })
    expect((await client.explain(id, { language: 'zh' })).sentence).toMatch(/\p{Script=Han}/u)
    expect(await client.waitForVerdict(id, { timeoutMs: 50 })).toMatchObject({ status: 'pending' })
    await expect(client.waitForVerdict(id, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout')
    expect(await client.cancel(id)).toBeUndefined()
    expect(await client.waitForVerdict(id)).toMatchObject({ status: 'cancelled' })
  })
})

test('a batch of any size is registered in order, and a bad item harms no other', async () => {
  const items = Array.from({ length: 1_001 }, (_, i) => ({ idcardid: `test_fail_1h_batch-${i}`, callbackUrl: hook }))
  const results = await client.registerBatch(items.with(500, { idcardid: 'not a serial', callbackUrl: hook }))
  expect(results).toHaveLength(1_001)
  expect(results[500]).toMatchObject({ status: 422, problem: { errors: [{ path: 'idcardid' }] } })
  const serials = results.map(result => result.registration?.idcardid)
  expect(serials).toEqual(items.map((item, i) => (i === 500 ? undefined : item.idcardid)))
  expect(await client.registerBatch([])).toEqual([])

  const filter = { status: 'pending', limit: 250 } as const
  const listed = await collect(client.listRegistrations(filter))
  expect(new Set(listed.map(one => one.idcardid))).toEqual(new Set(serials.filter(serial => serial !== undefined)))
  const pages = await collect(client.listRegistrations(filter).pages())
  expect(pages.map(page => page.data.length)).toEqual([250, 250, 250, 250])
  const [first] = pages
  const [second] = await collect(client.listRegistrations({ ...filter, cursor: first?.nextCursor ?? '' }).pages())
  expect(second).toEqual(pages[1])
})

test('registrations are found by metadata and time', async () => {
  const since = new Date()
  const add = (idcardid: string, order: string) =>
    client.register({ idcardid: `test_fail_1h_${idcardid}`, callbackUrl: hook, metadata: { order } })
  const { id } = await add('found', 'A-42 &=')
  await add('another', 'A-43')
  const found = async (filter: RegistrationFilter) =>
    (await collect(client.listRegistrations(filter))).map(one => one.id)
  expect(await found({ metadata: { order: 'A-42 &=' } })).toEqual([id])
  expect(await found({ metadata: 'A-42 &=' })).toEqual([id])
  expect(await found({ metadata: { order: 'A-42 &=' }, since, until: new Date().toISOString() })).toEqual([id])
  expect(await found({ metadata: { order: 'A-42 &=' }, until: new Date(since.getTime() - 60_000) })).toEqual([])
  expect(await found({ since, host: 'other.example' })).toEqual([])
  await expect(found({ metadata: { order: '1', shop: '2' } })).rejects.toMatchObject({ code: 'invalid_query' })
})

test('pages say where a search has stopped, also an empty one', async () => {
  const stopped = { data: [], nextCursor: 'c', lookedBackTo: '2026-11-24T08:00:00.000Z' }
  const answers = [stopped, { data: [], nextCursor: null }]
  const small = createClient({
    baseUrl: 'https://notifier.example',
    apiKey: 'ifn_key',
    fetch: async () => Response.json(answers.shift()),
  })
  const [page] = await collect(small.listRegistrations({ metadata: { order: '42' } }).pages())
  expect(page).toEqual(stopped)
})

test('events go on from a cursor, and verify with the secret', async () => {
  for (const n of [1, 2, 3]) {
    const { id } = await client.register({ idcardid: `test_fail_0s_event-${n}`, callbackUrl: hook })
    await client.waitForVerdict(id)
  }
  const all = await collect(client.events())
  const [page] = await collect(client.events({ limit: all.length - 2 }).pages())
  const rest = await collect(client.events({ after: page?.nextCursor }))
  expect([...(page?.data ?? []), ...rest].map(event => event.messageId)).toEqual(all.map(event => event.messageId))
  expect(rest).toHaveLength(2)
  for (const { headers, body, messageId, type } of rest)
    expect(await verifyWebhook({ secrets: stage.partner.signingSecret, headers, body })).toMatchObject({
      id: messageId,
      type,
    })
  const nothing = client.events({ after: (await collect(client.events().pages())).at(-1)?.nextCursor })
  expect(await collect(nothing)).toEqual([])
})

describe('the rest of the API', () => {
  test('resends what was given up', async () => {
    const since = new Date()
    stage.receiver.plan('/down', [410])
    const callbackUrl = stage.receiver.urlFor('/down')
    const { id } = await client.register({ idcardid: 'test_success_0s_down', callbackUrl })
    await stage.api.until(id, one => one.delivery.state === 'exhausted')
    const resend = await client.resendExhausted({ since, host: new URL(callbackUrl).host })
    expect(resend).toMatchObject({ count: 1, since: since.toISOString() })
    await stage.api.until(id, one => one.delivery.state === 'delivered')
    expect(await client.getResend(resend.id)).toMatchObject({ id: resend.id, resent: 1 })
  })

  test('sets a contact, tests it, and removes it', async () => {
    const url = stage.receiver.urlFor('/contact')
    expect(await client.setContact({ url })).toMatchObject({ channel: 'webhook' })
    expect(await client.testContact()).toMatchObject({ outcome: 'delivered', httpStatus: 200 })
    expect(stage.receiver.received.at(-1)).toMatchObject({ path: '/contact', verified: true })
    expect(await client.contact()).toMatchObject({ host: new URL(url).host })
    expect(await client.deleteContact()).toBeUndefined()
    expect(await refusalOf(client.contact())).toMatchObject({ code: 'not_found', status: 404 })
  })

  test('replaces its API key', async () => {
    const { apiKey } = await stage.addPartner('replacing')
    const old = createClient({ baseUrl: stage.service.url, apiKey })
    const made = await old.createApiKey()
    const [first] = await old.apiKeys()
    expect(await refusalOf(old.deleteApiKey(first?.id ?? ''))).toMatchObject({ code: 'conflict', status: 409 })
    const next = createClient({ baseUrl: stage.service.url, apiKey: made.apiKey })
    expect(await next.deleteApiKey(first?.id ?? '')).toBeUndefined()
    expect((await next.apiKeys()).map(({ id, revoked }) => [id, revoked])).toEqual([
      [first?.id, true],
      [made.id, false],
    ])
  })

  test('rotates the signing secret', async () => {
    const { api, apiKey } = await stage.addPartner('rotating')
    const other = createClient({ baseUrl: `${stage.service.url}/`, apiKey })
    expect(await other.signingSecrets()).toMatchObject([{ type: 'v1', expiresAt: null }])
    const first = await other.rotateSigningSecret()
    expect(first).toMatchObject({ secret: expect.stringMatching(/^whsec_/), previousExpiresAt: expect.any(String) })
    expect((await other.rotateSigningSecret({ overlap: '1h', type: 'v1a' })).secret).toMatch(/^whpk_/)
    expect((await other.signingSecrets()).map(secret => secret.type)).toEqual(['v1a', 'v1', 'v1'])
    expect(await other.deleteSigningSecret(first.id)).toBeUndefined()
    expect((await other.signingSecrets()).map(secret => secret.type)).toEqual(['v1a', 'v1'])
    expect((await api.call('GET', '/v1/signing-secrets')).status).toBe(200)
  })
})

describe('a refusal', () => {
  test('carries the problem, and each field that is not right', async () => {
    const error = await refusalOf(client.register({ idcardid: '0', callbackUrl: 'ftp://x', metadata: {} }))
    expect(error).toMatchObject({ name: 'NotifierError', code: 'invalid_body', status: 422, retryAfterMs: null })
    expect(error.problem?.errors?.map(({ path }) => path)).toEqual(['idcardid', 'callbackUrl'])
    expect(error.message).toMatch(/^422 .*idcardid: must be/)
  })
})
