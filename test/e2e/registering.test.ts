import { describe, expect, test } from 'vitest'
import { bodyOf, openStage, soon } from './stage.ts'

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

  test('end each at its own deadline, and polling goes on until the last', async () => {
    await using stage = await openStage()
    const { api, upstream, receiver } = stage
    upstream.script('shared', { status: 'ING' })
    const expiresAt = soon()
    const early = await api.register({ idcardid: 'shared', callbackUrl: receiver.urlFor('/early'), expiresAt })
    const late = await api.register({ idcardid: 'shared', callbackUrl: receiver.urlFor('/late') })
    expect(bodyOf(await stage.delivery(early.id)).data).toMatchObject({ reason: 'expired' })
    expect(await api.find(late.id)).toMatchObject({ status: 'pending' })
    upstream.script('shared', { status: 'SUCCESS' })
    expect(bodyOf(await stage.delivery(late.id)).type).toBe('idface.succeeded')
    expect(await api.find(early.id)).toMatchObject({ status: 'unresolved', reason: 'expired', result: null })
    expect(receiver.received).toHaveLength(2)
  })

  test('that come when the verdict is known are told it at once, with no further call', async () => {
    await using stage = await openStage()
    const { api, upstream, receiver } = stage
    const first = await stage.register({ status: 'FAIL', message: '不是本人' })
    await stage.delivery(first.id)
    const { idcardid } = first
    const second = await api.register({ idcardid, callbackUrl: receiver.urlFor('/second'), metadata: { n: '2' } })
    expect(second).toMatchObject({ status: 'failed', result: { status: 'FAIL', message: '不是本人' } })
    const { type, data } = bodyOf(await stage.delivery(second.id))
    expect(type).toBe('idface.failed')
    expect(data).toMatchObject({ message: '不是本人', metadata: { n: '2' } })
    expect(data.observedAt).toBe(bodyOf(await stage.delivery(first.id)).data.observedAt)
    expect(upstream.calls).toHaveLength(1)
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

  test('is a new one after unresolved, and the serial is asked about anew', async () => {
    await using stage = await openStage({ NOT_FOUND_GRACE: '0s' })
    const { api, upstream, receiver } = stage
    const { id, idcardid } = await stage.register({ code: 4061 })
    expect(bodyOf(await stage.delivery(id)).data.reason).toBe('not_found')
    upstream.script(idcardid, { status: 'SUCCESS' })
    const anew = await api.register({ idcardid, callbackUrl: receiver.urlFor('/hook') })
    expect(anew).toMatchObject({ status: 'pending', reason: null })
    expect(anew.id).not.toBe(id)
    expect(bodyOf(await stage.delivery(anew.id)).type).toBe('idface.succeeded')
    expect(await api.find(id)).toMatchObject({ status: 'unresolved', reason: 'not_found' })
  })

  test('is a new one after cancelled', async () => {
    await using stage = await openStage()
    const { api, upstream, receiver } = stage
    const { id, idcardid } = await stage.register({ status: 'ING' })
    await api.cancel(id)
    upstream.script(idcardid, { status: 'SUCCESS' })
    const anew = await api.register({ idcardid, callbackUrl: receiver.urlFor('/hook') })
    expect(anew.id).not.toBe(id)
    expect(bodyOf(await stage.delivery(anew.id)).type).toBe('idface.succeeded')
    expect(await api.find(id)).toMatchObject({ status: 'cancelled' })
  })

  test('ten times at once is registered once', async () => {
    await using stage = await openStage()
    const { api, upstream, receiver } = stage
    upstream.script('ten', { status: 'SUCCESS' })
    const body = { idcardid: 'ten', callbackUrl: receiver.urlFor('/hook') }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.call<{ id: string }>('POST', '/v1/registrations', body)),
    )
    expect(answers.map(answer => answer.status).sort()).toEqual([...Array(9).fill(200), 201])
    expect(new Set(answers.map(answer => answer.body.id)).size).toBe(1)
  })
})

describe.concurrent("another partner's serial", () => {
  test('is a conflict, and its registration is not found', async () => {
    await using stage = await openStage()
    const { id, idcardid } = await stage.register({ status: 'ING' })
    const { api } = await stage.addPartner('other')
    const body = { idcardid, callbackUrl: stage.receiver.urlFor('/other') }
    expect(await api.call('POST', '/v1/registrations', body)).toMatchObject({ status: 409, body: { status: 409 } })
    for (const path of ['', '/explain', '/attempts'])
      expect((await api.call('GET', `/v1/registrations/${id}${path}`)).status).toBe(404)
    for (const answer of [api.poll(id), api.resend(id), api.cancel(id)]) expect((await answer).status).toBe(404)
    await stage.api.cancel(id)
    expect((await api.call('POST', '/v1/registrations', body)).status).toBe(409)
  })
})

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

  test('after the verdict changes nothing', async () => {
    await using stage = await openStage()
    const { id } = await stage.register({ status: 'SUCCESS' })
    await stage.api.until(id, one => one.delivery.state === 'delivered')
    expect((await stage.api.poll(id)).status).toBe(202)
    const other = await stage.register({ status: 'SUCCESS' })
    await stage.delivery(other.id)
    expect(stage.upstream.callsOf(stage.upstream.calls[0]?.idcardid ?? '')).toHaveLength(1)
  })
})
