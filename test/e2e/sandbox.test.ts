import { describe, expect, test } from 'vitest'
import type { AccountJson } from '../support/api-client.ts'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage } from './stage.ts'

// Margins as they are by default, so that a test that has to wait for one fails.
const SANDBOX = {
  SANDBOX: 'true',
  SETTLE_MARGIN: '10m',
  NOT_FOUND_GRACE: '2h',
  POLL_MIN_INTERVAL: '5s',
  POLL_MAX_INTERVAL: '5m',
}

describe('in the sandbox a test serial', () => {
  test.each([
    ['test_success_200ms', 'idface.succeeded', { status: 'SUCCESS', message: '认证成功', similarity: '100' }],
    ['test_fail_200ms_order-42', 'idface.failed', { status: 'FAIL', message: '认证失败', similarity: null }],
    ['test_expire_200ms', 'idface.unresolved', { status: 'ING', reason: 'expired' }],
    ['test_notfound', 'idface.unresolved', { status: null, reason: 'not_found' }],
  ])('%s ends as it says, when it says, and upstream is not asked', async (idcardid, type, data) => {
    await using stage = await openStage(SANDBOX)
    const { api, receiver, upstream } = stage
    const { id, createdAt } = await api.register({ idcardid, callbackUrl: receiver.urlFor('/hook') })
    const webhook = bodyOf(await stage.delivery(id))
    expect(webhook).toMatchObject({ type, data: { idcardid, sandbox: true, ...data } })
    const tookMs = Date.parse(webhook.data.observedAt) - Date.parse(createdAt)
    expect(tookMs).toBeGreaterThanOrEqual(idcardid.includes('200ms') ? 200 : 0)
    expect(tookMs).toBeLessThan(3_000)
    expect(upstream.calls).toHaveLength(0)
  })

  test('says of itself that it is one, also where its verdict was known', async () => {
    await using stage = await openStage(SANDBOX)
    const { api, receiver } = stage
    const first = await api.register({ idcardid: 'test_success', callbackUrl: receiver.urlFor('/a') })
    await stage.delivery(first.id)
    const second = await api.register({ idcardid: 'test_success', callbackUrl: receiver.urlFor('/b') })
    expect(bodyOf(await stage.delivery(second.id)).data).toMatchObject({ status: 'SUCCESS', sandbox: true })
  })
})

/** Answers it without GetResult, and at once. */
const answersAtOnce = async (stage: Awaited<ReturnType<typeof openStage>>) => {
  const { api, receiver } = stage
  const begun = performance.now()
  const registered = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      api.register({ idcardid: `test_success_0s_${i}`, callbackUrl: receiver.urlFor('/test') }),
    ),
  )
  for (const { id } of registered) await api.until(id, ({ status }) => status === 'succeeded')
  expect(performance.now() - begun).toBeLessThan(2_000)
}

describe('a test serial is answered', () => {
  test.each([
    ['while the credentials are wrong', { code: 405 }, ({ reason }: AccountJson) => reason === 'credentials_wrong'],
    ['during an outage', { fault: 'reset' }, ({ reachable }: AccountJson) => reachable === false],
  ] as const)('%s', async (_, script, isDown) => {
    await using stage = await openStage(SANDBOX)
    stage.upstream.account(ACCOUNT.apiId, script)
    await stage.register({ status: 'ING' })
    await stage.admin.untilAccount(ACCOUNT.apiId, isDown)
    await answersAtOnce(stage)
  })

  test('to the end where the service starts again without the sandbox, which is known no more after that', async () => {
    await using stage = await openStage(SANDBOX)
    const callbackUrl = stage.receiver.urlFor('/hook')
    const { id } = await stage.api.register({ idcardid: 'test_success_2s', callbackUrl })
    await using again = await stage.restart({ SANDBOX: 'false' })
    expect(await again.api.find(id)).toMatchObject({ sandbox: true })
    expect(bodyOf(await stage.delivery(id)).data).toMatchObject({ status: 'SUCCESS', sandbox: true })
    expect(stage.upstream.calls).toHaveLength(0)
    const other = await again.api.register({ idcardid: 'test_success_2s', callbackUrl })
    expect(other).not.toHaveProperty('sandbox')
    await stage.upstream.waitFor(1)
  })
})

describe('any other serial', () => {
  test('is asked about in the sandbox too, and its webhook says nothing of it', async () => {
    await using stage = await openStage(SANDBOX)
    const { id } = await stage.register({ status: 'SUCCESS' })
    expect(bodyOf(await stage.delivery(id)).data).not.toHaveProperty('sandbox')
    expect(stage.upstream.calls).toHaveLength(1)
  })
})

describe('without the sandbox a test serial', () => {
  test('is like any other', async () => {
    await using stage = await openStage()
    const { api, receiver, upstream } = stage
    upstream.script('test_success', { status: 'FAIL' })
    const { id } = await api.register({ idcardid: 'test_success', callbackUrl: receiver.urlFor('/hook') })
    const { type, data } = bodyOf(await stage.delivery(id))
    expect(type).toBe('idface.failed')
    expect(data).not.toHaveProperty('sandbox')
    expect(upstream.callsOf('test_success')).toHaveLength(1)
  })
})
