import { describe, expect, test } from 'vitest'
import { bodyOf, openStage } from './stage.ts'

type Stage = Awaited<ReturnType<typeof openStage>>

describe.concurrent('a resend', () => {
  test('of an exhausted message sends it at once, with a new schedule', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: '50ms' })
    const { api, receiver } = stage
    receiver.plan('/hook', [500, 500, 500])
    const { id } = await stage.register({ status: 'SUCCESS' })
    await api.until(id, one => one.delivery.state === 'exhausted')
    const answer = await api.resend(id)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ id, delivery: { state: 'pending' } })
    await stage.delivery(id, 4)
    const delivered = await api.until(id, one => one.delivery.state === 'delivered')
    expect(delivered.delivery).toMatchObject({ attempts: 4, nextAttemptAt: null })
    const sent = stage.deliveriesOf(id)
    expect(sent.map(one => one.attempt)).toEqual([1, 2, 3, 4])
    expect(new Set(sent.map(one => `${one.id} ${one.body}`)).size).toBe(1)
  })

  test('while an attempt is under way loses neither', async () => {
    await using stage = await openStage()
    const { api, receiver } = stage
    receiver.plan('/hook', [{ status: 500, delayMs: 300 }])
    const { id } = await stage.register({ status: 'SUCCESS' })
    await stage.delivery(id, 1)
    expect((await api.resend(id)).status).toBe(202)
    await stage.delivery(id, 2)
    const ended = await api.until(id, one => one.delivery.attempts === 2)
    expect(ended.delivery.state).toBe('delivered')
    expect(new Set(stage.deliveriesOf(id).map(one => one.body)).size).toBe(1)
  })
})

/** A message that was answered 410. */
const answerGone = async ({ api, receiver, register }: Stage) => {
  receiver.plan('/gone', [410])
  const gone = await register({ status: 'SUCCESS' }, { path: '/gone' })
  const exhausted = await api.until(gone.id, one => one.delivery.state === 'exhausted')
  expect(exhausted.delivery).toMatchObject({ attempts: 1, nextAttemptAt: null })
  expect(await api.attempts(gone.id)).toMatchObject([{ outcome: 'gone', httpStatus: 410 }])
  return gone
}

describe.concurrent('a callback URL that answers 410', () => {
  test('ends the message, and holds others to it until a registration with that URL', async () => {
    await using stage = await openStage()
    const { api, upstream } = stage
    const held = await stage.register({ status: 'ING' }, { path: '/gone' })
    const gone = await answerGone(stage)

    upstream.script(held.idcardid, { status: 'FAIL' })
    await api.until(held.id, one => one.status === 'failed')
    const elsewhere = await stage.register({ status: 'SUCCESS' }, { path: '/elsewhere' })
    await stage.delivery(elsewhere.id)
    const waiting = await api.until(held.id, one => one.delivery.nextAttemptAt === null)
    expect(waiting.delivery).toMatchObject({ state: 'pending', attempts: 0 })
    const { delivery, sentence } = await api.explain(held.id)
    expect(delivery.heldSince).not.toBeNull()
    expect(sentence).toContain('410')

    const anew = await stage.register({ status: 'SUCCESS' }, { path: '/gone' })
    expect(bodyOf(await stage.delivery(held.id)).type).toBe('idface.failed')
    await stage.delivery(anew.id)
    expect(await api.find(gone.id)).toMatchObject({ delivery: { state: 'exhausted', attempts: 1 } })
    expect((await api.explain(held.id)).delivery.heldSince).toBeNull()
  })

  test('is tried again by a resend, which lets go of all that was held', async () => {
    await using stage = await openStage()
    const { api, receiver, upstream } = stage
    const held = await stage.register({ status: 'ING' }, { path: '/gone' })
    const gone = await answerGone(stage)
    upstream.script(held.idcardid, { status: 'SUCCESS' })
    await api.until(held.id, one => one.status === 'succeeded' && one.delivery.nextAttemptAt === null)
    expect((await api.resend(gone.id)).status).toBe(202)
    expect(await stage.delivery(gone.id, 2)).toMatchObject({ attempt: 2, path: '/gone' })
    expect(await stage.delivery(held.id)).toMatchObject({ attempt: 1 })
    for (const { id } of [gone, held]) await api.until(id, one => one.delivery.state === 'delivered')
    expect(receiver.receivedAt('/gone')).toHaveLength(3)
  })
})

describe.concurrent('DELETE', () => {
  test('before the verdict stops the polls, and no webhook comes', async () => {
    await using stage = await openStage()
    const { api, upstream, receiver } = stage
    const { id, idcardid } = await stage.register({ status: 'ING' })
    await upstream.waitFor(2)
    await api.until(id, one => one.polls >= 2)
    expect((await api.cancel(id)).status).toBe(204)
    const asked = upstream.callsOf(idcardid).length
    upstream.script(idcardid, { status: 'SUCCESS' })
    const other = await stage.register({ steps: [{ status: 'ING' }, { status: 'ING' }], status: 'SUCCESS' })
    await stage.delivery(other.id)
    // At most the one call that may have been under way.
    expect(upstream.callsOf(idcardid).length).toBeLessThanOrEqual(asked + 1)
    expect(await api.find(id)).toMatchObject({ status: 'cancelled', result: null, nextPollAt: null })
    expect(receiver.received).toHaveLength(1)
    expect((await api.cancel(id)).status).toBe(204)
    expect((await api.resend(id)).status).toBe(409)
  })

  test('after the verdict stops the retries', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: '1s,1s,1s' })
    const { api, receiver } = stage
    receiver.plan('/hook', [500])
    const { id } = await stage.register({ status: 'SUCCESS' })
    await api.until(id, one => one.delivery.attempts === 1)
    expect((await api.cancel(id)).status).toBe(204)
    expect(await api.find(id)).toMatchObject({
      status: 'cancelled',
      delivery: { state: 'exhausted', attempts: 1, nextAttemptAt: null },
    })
    receiver.plan('/later', [500, 500])
    const other = await stage.register({ status: 'SUCCESS' }, { path: '/later' })
    await stage.delivery(other.id, 3)
    expect(stage.deliveriesOf(id)).toHaveLength(1)
  })
})
