import { describe, expect, test } from 'vitest'
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

  test('that expired can be registered again, and lives as long again', async () => {
    await using stage = await openStage(SANDBOX)
    const { api, receiver } = stage
    const body = { idcardid: 'test_expire_300ms', callbackUrl: receiver.urlFor('/hook') }
    const first = await api.register(body)
    await stage.delivery(first.id)
    const second = await api.register(body)
    expect(second.id).not.toBe(first.id)
    const { data } = bodyOf(await stage.delivery(second.id))
    expect(Date.parse(data.observedAt) - Date.parse(second.createdAt)).toBeGreaterThanOrEqual(300)
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
