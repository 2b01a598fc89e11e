import { describe, expect, test } from 'vitest'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage } from './stage.ts'

type Stage = Awaited<ReturnType<typeof openStage>>

/** Takes well over the shortest polling interval, and ends when a webhook due before has come. */
const RETRY = { RETRY_SCHEDULE: '500ms' }
const dueWebhook = async (stage: Stage) => {
  stage.receiver.plan('/due', [500])
  const due = await stage.register({ status: 'SUCCESS' }, { path: '/due' })
  await stage.delivery(due.id)
  return due
}

describe.concurrent('a paused account', () => {
  test('is not asked, while webhooks already due keep flowing', async () => {
    await using stage = await openStage(RETRY)
    const { admin, api, upstream } = stage
    const due = await dueWebhook(stage)
    upstream.account(ACCOUNT.apiId, { code: 4052 })
    const waiting = await stage.register({ status: 'SUCCESS' })
    await admin.untilAccount(ACCOUNT.apiId, account => account.paused)
    const calls = upstream.calls.length
    await api.poll(waiting.id)

    expect(await stage.delivery(due.id, 2)).toMatchObject({ attempt: 2, path: '/due' })
    expect(upstream.calls).toHaveLength(calls)
    expect(await api.until(due.id, one => one.delivery.state === 'delivered')).toMatchObject({ status: 'succeeded' })
    expect(await api.find(waiting.id)).toMatchObject({ status: 'pending' })
    expect(await admin.account(ACCOUNT.apiId)).toMatchObject({ paused: true, reason: 'egress_ip' })
  })

  test('takes registrations and loses none: all verdicts arrive once it is resumed', async () => {
    await using stage = await openStage()
    const { admin, api, upstream } = stage
    const before = await Promise.all([1, 2, 3].map(() => stage.register({ status: 'ING' })))
    await upstream.waitFor(calls => before.every(({ idcardid }) => calls.some(call => call.idcardid === idcardid)))
    upstream.account(ACCOUNT.apiId, { code: 4050, format: 'xml' })
    await admin.untilAccount(ACCOUNT.apiId, account => account.paused)
    const during = await Promise.all([1, 2, 3].map(() => stage.register({ status: 'FAIL' })))
    for (const { idcardid } of before) upstream.script(idcardid, { status: 'SUCCESS' })

    upstream.account(ACCOUNT.apiId, null)
    expect((await admin.resume(ACCOUNT.apiId)).status).toBe(200)
    for (const { id } of before) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    for (const { id } of during) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.failed')
    for (const { id } of [...before, ...during]) await api.until(id, one => one.delivery.state === 'delivered')
    expect(stage.receiver.received).toHaveLength(6)
  })

  test('stays paused over a restart', async () => {
    await using stage = await openStage(RETRY)
    const { admin, upstream } = stage
    upstream.account(ACCOUNT.apiId, { code: 40505 })
    const { id } = await stage.register({ status: 'SUCCESS' })
    await admin.untilAccount(ACCOUNT.apiId, account => account.paused)
    upstream.account(ACCOUNT.apiId, null)
    const calls = upstream.calls.length
    await using again = await stage.restart()
    expect(await again.admin.account(ACCOUNT.apiId)).toMatchObject({ paused: true, reason: 'no_contract' })
    expect((await again.api.explain(id)).account).toMatchObject({ paused: true, code: 40505 })
    expect(upstream.calls).toHaveLength(calls)
    await again.admin.resume(ACCOUNT.apiId)
    expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
  })
})

describe.concurrent("an operator's pause", () => {
  test('holds until the operator ends it, and is told as such', async () => {
    await using stage = await openStage(RETRY)
    const { admin, api, upstream } = stage
    const due = await dueWebhook(stage)
    const { body } = await admin.pause(ACCOUNT.apiId)
    expect(body).toMatchObject({ account: ACCOUNT.apiId, paused: true, reason: 'operator' })
    const calls = upstream.calls.length
    const { id } = await stage.register({ status: 'SUCCESS' })
    await stage.delivery(due.id, 2)
    expect(upstream.calls).toHaveLength(calls)
    const { account, sentence } = await api.explain(id)
    expect(account).toMatchObject({ paused: true, reason: 'operator', code: null })
    expect(sentence).toContain('operator')

    await admin.resume(ACCOUNT.apiId)
    expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    expect(await admin.account(ACCOUNT.apiId)).toMatchObject({ paused: false, reason: null, since: null })
  })

  test.each([
    { step: { status: 'SUCCESS' }, told: 'idface.succeeded' },
    { step: { code: 4050 }, told: null },
  ])('is ended by no answer that was under way: $step', async ({ step, told }) => {
    await using stage = await openStage()
    const { admin, api, upstream } = stage
    const asked = upstream.nextCall()
    const { id } = await stage.register({ ...step, delayMs: 300 })
    await asked
    await admin.pause(ACCOUNT.apiId)
    await api.until(id, one => one.polls === 1)
    if (told !== null) expect(bodyOf(await stage.delivery(id)).type).toBe(told)
    expect(await admin.account(ACCOUNT.apiId)).toMatchObject({ paused: true, reason: 'operator' })
    expect(await api.find(id)).toMatchObject({ status: told === null ? 'pending' : 'succeeded' })
  })
})
