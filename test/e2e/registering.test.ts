import { describe, expect, test } from 'vitest'
import { bodyOf, openStage } from './stage.ts'

describe.concurrent('several registrations of one serial', () => {
  test('are polled as one, and each is told with its own metadata', async () => {
    await using stage = await openStage({ POLL_MIN_INTERVAL: '300ms', POLL_MAX_INTERVAL: '300ms' })
    const { api, upstream, receiver } = stage
    const idcardid = 'shared'
    upstream.script(idcardid, { status: 'ING' })
    const paths = ['/a', '/b', '/c']
    const registered = await Promise.all(
      paths.map(path => api.register({ idcardid, callbackUrl: receiver.urlFor(path), metadata: { path } })),
    )
    await api.until(registered[0]?.id ?? '', one => one.polls >= 2)
    const asked = upstream.calls.length
    upstream.script(idcardid, { status: 'SUCCESS' })
    await receiver.waitFor(3)
    expect(upstream.calls).toHaveLength(asked + 1)
    for (const [index, { id }] of registered.entries()) {
      const delivery = await stage.delivery(id)
      expect(delivery.path).toBe(paths[index])
      expect(bodyOf(delivery).data).toMatchObject({ idcardid, metadata: { path: paths[index] }, status: 'SUCCESS' })
    }
    expect(new Set(receiver.received.map(one => one.id)).size).toBe(3)
  })
})

describe.concurrent('the same serial and callback again', () => {
  test('is the existing registration, unchanged, while it waits and after its verdict', async () => {
    await using stage = await openStage()
    const { api, upstream, receiver } = stage
    const first = await stage.register({ status: 'ING' }, { metadata: { order: '1' } })
    const { id, idcardid } = first
    const again = {
      idcardid,
      callbackUrl: receiver.urlFor('/x/../hook').replace('http:', 'HTTP:'),
      metadata: { order: '2' },
    }
    const pending = await api.call('POST', '/v1/registrations', again)
    expect(pending).toMatchObject({ status: 200, body: { id, metadata: { order: '1' }, expiresAt: first.expiresAt } })
    expect(pending.headers.get('location')).toBe(`/v1/registrations/${id}`)

    upstream.script(idcardid, { status: 'SUCCESS' })
    await api.until(id, one => one.delivery.state === 'delivered')
    const told = await api.call('POST', '/v1/registrations', again)
    expect(told).toMatchObject({ status: 200, body: { id, status: 'succeeded', delivery: { attempts: 1 } } })
    const other = await stage.register({ status: 'SUCCESS' })
    await stage.delivery(other.id)
    expect(stage.deliveriesOf(id)).toHaveLength(1)
  })
})

describe.concurrent("another partner's serial", () => {})

describe.concurrent('a hint that the user is back', () => {
  test('polls now', async () => {
    await using stage = await openStage({ POLL_MIN_INTERVAL: '1h', POLL_MAX_INTERVAL: '2h' })
    const { api, upstream } = stage
    const { id, idcardid } = await stage.register({ status: 'ING' })
    const waiting = await api.until(id, one => one.polls === 1)
    expect(Date.parse(waiting.nextPollAt ?? '') - Date.now()).toBeGreaterThan(3_500_000)
    upstream.script(idcardid, { status: 'SUCCESS' })
    expect((await api.poll(id)).status).toBe(202)
    expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    expect(upstream.calls).toHaveLength(1 + 1)
  })

  test('that comes while a call is under way is followed by another call', async () => {
    await using stage = await openStage({ POLL_MIN_INTERVAL: '1h', POLL_MAX_INTERVAL: '2h' })
    const { api, upstream } = stage
    const asked = upstream.nextCall()
    const { id } = await stage.register({ steps: [{ status: 'ING', delayMs: 300 }], status: 'SUCCESS' })
    await asked
    expect((await api.poll(id)).status).toBe(202)
    expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    expect(upstream.calls).toHaveLength(2)
  })
})
