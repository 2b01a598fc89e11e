import { describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'
import { eventually } from '../support/api-client.ts'
import type { ReceiverStep } from '../support/receiver.ts'

const SUCCESS = { status: 'SUCCESS' }

const signaturesOf = (headers: Record<string, unknown>): string[] => String(headers['webhook-signature']).split(' ')

describe('O3 a signing secret that is rotated during retries', () => {
  test('is joined by the new one under the same id, and each alone verifies', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: '150ms,150ms,150ms,150ms' })
    const { api, partner, receiver, register, delivery } = stage
    receiver.plan('/hook', [500])
    const { id } = await register(SUCCESS)
    const before = await delivery(id)
    const { status, body } = await api.call<{ secret: string }>('POST', '/v1/signing-secrets/rotate', { overlap: '1h' })
    expect(status).toBe(201)
    const during = await delivery(id, 2)
    expect(during.id).toBe(before.id)
    expect(during.body).toBe(before.body)
    expect(signaturesOf(before.headers)).toHaveLength(1)
    expect(signaturesOf(during.headers)).toHaveLength(2)

    for (const secret of [partner.signingSecret, body.secret]) {
      receiver.trust([secret])
      const seen = stage.deliveriesOf(id).length
      await api.resend(id)
      expect(await delivery(id, seen + 1)).toMatchObject({ id: before.id, status: 200 })
    }
  })
})

describe('O6 a partner that is disabled with rows in flight', () => {
  test('is asked and sent nothing after it, loses nothing, and goes on when enabled', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: Array.from({ length: 50 }, () => '50ms').join(',') })
    const { admin, api, partner, addPartner, receiver, upstream } = stage
    const other = await addPartner('other')
    upstream.setDefault(SUCCESS)
    receiver.plan(
      '/failing',
      Array.from({ length: 5_000 }, (): ReceiverStep => 500),
    )
    const registrations = Array.from({ length: 40 }, (_, index) => ({
      idcardid: `failing-${index}`,
      callbackUrl: receiver.urlFor('/failing'),
    }))
    const { body } = await api.call<{ results: { registration: { id: string } }[] }>(
      'POST',
      '/v1/registrations/batch',
      { registrations },
    )
    const ids = body.results.map(({ registration }) => registration.id)
    upstream.script('no-verdict-yet', { status: 'ING' })
    const unanswered = await api.register({ idcardid: 'no-verdict-yet', callbackUrl: receiver.urlFor('/later') })
    await receiver.waitFor(80)
    await upstream.waitFor(calls => calls.some(({ idcardid }) => idcardid === 'no-verdict-yet'))

    await admin.call('PATCH', `/v1/admin/partners/${partner.partnerId}`, { disabled: true })
    // What was in flight has ended once another partner's webhooks, of which each is later, went round a few times.
    const roundTrip = async (name: string) => {
      const { id } = await other.api.register({ idcardid: name, callbackUrl: receiver.urlFor('/other') })
      await other.api.until(id, ({ delivery }) => delivery.state === 'delivered')
    }
    await roundTrip('first')
    const sent = receiver.receivedAt('/failing').length
    const asked = upstream.callsOf('no-verdict-yet').length
    expect(asked).toBeGreaterThan(0)
    for (let i = 0; i < 10; i++) await roundTrip(`round-${i}`)
    expect(receiver.receivedAt('/failing')).toHaveLength(sent)
    // Keys are looked up again after two seconds at most.
    await eventually(
      () => api.call('GET', '/v1/registrations'),
      ({ status }) => status === 401,
    )
    expect(upstream.callsOf('no-verdict-yet')).toHaveLength(asked)

    receiver.plan('/failing', [])
    upstream.script('no-verdict-yet', SUCCESS)
    await admin.call('PATCH', `/v1/admin/partners/${partner.partnerId}`, { disabled: false })
    await eventually(
      () => api.call('GET', '/v1/registrations'),
      ({ status }) => status === 200,
    )
    for (const id of [...ids, unanswered.id]) await api.until(id, ({ delivery }) => delivery.state === 'delivered')
    expect(new Set(receiver.receivedAt('/failing').map(({ id }) => id)).size).toBe(ids.length)
  })
})
