import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/simulator/receiver.ts'
import { bodyOf, openStage } from './stage.ts'

const header = (delivery: Delivery | undefined, name: string): string => String(delivery?.headers[name])

describe.concurrent('a webhook', () => {
  test('has the headers of the contract', async () => {
    await using stage = await openStage()
    const { id } = await stage.register({ status: 'SUCCESS' })
    const { headers, body } = await stage.delivery(id)
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^idface-notifier\/\d+\.\d+\.\d+/),
      'webhook-attempt': '1',
      'webhook-id': id.replace('reg_', 'msg_'),
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      'content-length': String(Buffer.byteLength(body)),
    })
  })

  test('that fails is sent again by the schedule, as the same message with a fresh signature', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: '200ms,400ms,600ms', CALLBACK_TIMEOUT: '1s' })
    const { api, receiver } = stage
    receiver.plan('/hook', [{ fault: 'reset' }, 500, { fault: 'hang' }])
    const { id } = await stage.register({ status: 'SUCCESS', message: '通过' })
    await stage.delivery(id, 4)
    const sent = stage.deliveriesOf(id)
    const [first, second, third, fourth] = sent

    expect(sent.map(one => one.attempt)).toEqual([1, 2, 3, 4])
    expect(sent.map(one => header(one, 'webhook-attempt'))).toEqual(['1', '2', '3', '4'])
    expect(new Set(sent.map(one => one.id)).size).toBe(1)
    expect(new Set(sent.map(one => one.body)).size).toBe(1)
    expect(sent.every(one => one.verified === true)).toBe(true)
    // The third hung for a second, so the fourth bears a later second than the first.
    expect(Number(header(fourth, 'webhook-timestamp'))).toBeGreaterThan(Number(header(first, 'webhook-timestamp')))
    expect(header(fourth, 'webhook-signature')).not.toBe(header(first, 'webhook-signature'))
    // Each delay ±20 %, and the time limit of the one that hung.
    const gap = (from: Delivery | undefined, to: Delivery | undefined) => (to?.at ?? 0) - (from?.at ?? 0)
    expect(gap(first, second)).toBeGreaterThanOrEqual(160)
    expect(gap(second, third)).toBeGreaterThanOrEqual(320)
    expect(gap(third, fourth)).toBeGreaterThanOrEqual(1_000 + 480)
    expect(gap(third, fourth)).toBeLessThan(1_000 + 720 + 500)

    expect(await api.until(id, one => one.delivery.state === 'delivered')).toMatchObject({
      delivery: { attempts: 4, nextAttemptAt: null, messageId: first?.id },
    })
    expect(await api.attempts(id)).toMatchObject([
      { outcome: 'failed', httpStatus: null, error: 'reset' },
      { outcome: 'rejected', httpStatus: 500, error: null },
      { outcome: 'failed', httpStatus: null, error: 'timeout' },
      { outcome: 'delivered', httpStatus: 200, error: null, responseExcerpt: 'ok' },
    ])
  })
})

describe('a slow host', () => {
  test('delays no other: not of its own partner, nor of another', async () => {
    await using stage = await openStage({ CALLBACK_TIMEOUT: '9s', UPSTREAM_RATE: '500' })
    await using slow = await stage.openReceiver()
    const { api, upstream, receiver } = stage
    slow.plan('/hang', Array(40).fill({ fault: 'hang' }))
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        upstream.script(`slow-${index}`, { status: 'SUCCESS' })
        return api.register({ idcardid: `slow-${index}`, callbackUrl: slow.urlFor('/hang') })
      }),
    )
    await slow.waitFor(16)
    const other = await stage.addPartner('other')
    upstream.script('quick', { status: 'SUCCESS' })
    const own = await stage.register({ status: 'SUCCESS' })
    const theirs = await other.api.register({ idcardid: 'quick', callbackUrl: receiver.urlFor('/theirs') })
    for (const { id } of [own, theirs]) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    // No more than CALLBACK_CONCURRENCY_PER_HOST hang, and none of these has ended yet.
    expect(slow.received).toHaveLength(16)
  })
})
