import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const REJECTED = { kind: 'account', code: 405, fault: 'credentials_wrong' } as const
const PAUSE = { kind: 'pause', reason: 'credentials_wrong', code: 405, probes: 1, probeAt: 4_102_444_800_000 }

const statusOf = async (query = '', key = api.partner.key) =>
  (await api.call('GET', `/v1/status${query}`, { key })).json

test('says why nothing is asked while the account is paused', async () => {
  await api.register({ idcardid: 'a' })
  await api.answerWith(REJECTED, PAUSE)
  expect(await statusOf()).toMatchObject({
    account: { paused: true, reason: 'credentials_wrong', code: 405 },
    queue: null,
  })
})

test('says since when GetResult does not answer', async () => {
  await api.register({ idcardid: 'a' })
  const silence = { kind: 'transient', code: null, cause: 'unreachable' } as const
  const since = api.clock.now
  const outage = { kind: 'unreachable', error: 'unreachable', since, probes: 1, probeAt: since + MINUTE }
  await api.answerWith(silence, outage)
  expect(await statusOf()).toMatchObject({
    upstream: { reachable: false, since: '2026-11-24T16:20:00.000Z', error: 'unreachable' },
    account: { paused: false },
    queue: null,
  })
})

describe('of a partner with several accounts', () => {
  const addAccount = (apiId: string, partnerId: string | null) =>
    api.store.createAccount({
      id: `acc_${apiId}`,
      apiId,
      apiKey: new Secret('key'),
      passwordMode: 'dynamic',
      rate: 7,
      partnerId,
    })
  test('showed the default one only, though its serials named another', async () => {
    await addAccount('SHARED', null)
    await api.register({ idcardid: '1', account: 'SHARED' })
    await api.store.pauseAccount(api.account.id)
    expect(await statusOf()).toMatchObject({ account: { paused: true }, queue: null })
    for (const name of ['SHARED', 'acc_SHARED'])
      expect(await statusOf(`?account=${name}`)).toMatchObject({
        account: { paused: false },
        queue: { before: 1, rate: 7, isAtLeast: false },
      })
  })

  test('says so where more may go before it than were counted, as an explanation does in its sentence too', async () => {
    const { id } = await api.register()
    const { statusOf: exact, explain } = api.store
    const explained = async () => (await api.call('GET', `/v1/registrations/${id}/explain`)).json
    const queue = { before: 9, isAtLeast: true, rate: 7, at: api.clock.now }
    api.store.explain = async (...args) =>
      ({ ...(await explain(...args)), queue }) as Awaited<ReturnType<typeof explain>>
    const { sentence, polling } = await explained()
    api.store.explain = async (...args) =>
      ({ ...(await explain(...args)), queue: { ...queue, isAtLeast: false } }) as Awaited<ReturnType<typeof explain>>
    expect([polling.queue.isAtLeast, (await explained()).polling.queue.isAtLeast]).toEqual([true, false])
    expect((await explained()).sentence).not.toBe(sentence)
    api.store.statusOf = async (...args) => ({ ...(await exact(...args)), queue })
    expect(await statusOf()).toMatchObject({ queue: { before: 9, isAtLeast: true } })
  })

  test('refuses an account of another partner like one that does not exist', async () => {
    await addAccount('OTHERS', api.other.id)
    const refusals = await Promise.all(['OTHERS', 'NONE'].map(name => api.call('GET', `/v1/status?account=${name}`)))
    expect(refusals.map(({ status }) => status)).toEqual([400, 400])
    expect(new Set(refusals.map(({ text }) => text)).size).toBe(1)
  })
})

test('counts as retried what is not held', async () => {
  await api.register({ idcardid: 'a' })
  await api.register({ idcardid: 'b' })
  await api.register({ idcardid: 'c', callbackUrl: 'https://other.example/' })
  while ((await api.succeed()) > 0) api.clock.now += SECOND
  await api.receiveWith(410, { slots: 1 })
  await api.receiveWith(503)
  const { deliveries, callbacks } = await statusOf()
  expect(deliveries).toMatchObject({ delivered: 0, pending: 1, exhausted: 1 })
  expect(callbacks).toContainEqual(expect.objectContaining({ state: 'gone', held: 1 }))
})

test('names the callback URLs that fail or are held, and how many webhooks are', async () => {
  await api.register({ idcardid: 'a' })
  await api.register({ idcardid: 'b', callbackUrl: 'https://other.example/' })
  await api.succeed()
  api.clock.now += SECOND
  await api.succeed()
  await api.receiveWith(410, { slots: 1 })
  await api.receiveWith(503)
  const at = '2026-11-24T16:20:01.000Z'
  const { callbacks } = await statusOf()
  expect(callbacks).toHaveLength(2)
  expect(callbacks).toContainEqual(
    expect.objectContaining({ state: 'gone', since: at, heldSince: at, lastError: null, held: 0 }),
  )
  expect(callbacks).toContainEqual(
    expect.objectContaining({ state: 'failing', since: at, heldSince: null, lastError: 'http_503', held: 0 }),
  )
  expect((await statusOf('', api.other.key)).callbacks).toEqual([])
})
