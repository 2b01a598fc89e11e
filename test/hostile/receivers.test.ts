import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../e2e/seeded-random.ts'
import { openStage } from '../e2e/stage.ts'
import { findInconsistencies } from '../support/inconsistencies.ts'
import type { ReceiverStep } from '../support/receiver.ts'

const SUCCESS = { status: 'SUCCESS' }
/** So many that bad luck alone exhausts none of 200: a chance of one in a million million. */
const RETRIES = 48
const OLD = 'webhook timestamp too old'

describe('a receiver that fails now and then', () => {
  test.each([1])('R17 flaps for 200 rows: all are delivered once, with one id and body each (seed %i)', async seed => {
    const schedule = Array.from({ length: RETRIES }, () => '20ms').join(',')
    await using stage = await openStage({
      RETRY_SCHEDULE: schedule,
      CALLBACK_TIMEOUT: '5s',
      UPSTREAM_RATE: '2000',
    })
    const { api, receiver, upstream, deliveriesOf } = stage
    const random = createRandom(seed)
    const flap = (): ReceiverStep => {
      const chance = random()
      if (chance < 0.5) return 200
      if (chance < 0.8) return { status: 500 + Math.floor(random() * 4) }
      return chance < 0.9 ? { fault: 'reset' } : chance < 0.96 ? { fault: 'end' } : { raw: 'SSH-2.0-x\r\n' }
    }
    upstream.setDefault(SUCCESS)
    receiver.plan('/flapping', Array.from({ length: 200 * RETRIES }, flap))
    const registrations = Array.from({ length: 200 }, (_, index) => ({
      idcardid: `flapping-${seed}-${index}`,
      callbackUrl: receiver.urlFor('/flapping'),
    }))
    const { body } = await api.call<{ results: { registration: { id: string } }[] }>(
      'POST',
      '/v1/registrations/batch',
      { registrations },
    )
    const ids = body.results.map(({ registration }) => registration.id)
    expect(ids).toHaveLength(200)
    for (const id of ids) {
      const { delivery } = await api.until(id, seen => seen.delivery.state !== 'pending')
      expect(delivery.state).toBe('delivered')
      const deliveries = deliveriesOf(id)
      expect(deliveries.length).toBeLessThanOrEqual(1 + RETRIES)
      expect(deliveries.filter(({ status }) => status === 200)).toHaveLength(1)
    }
    expect(findInconsistencies(receiver.received)).toEqual([])
    expect(receiver.received.length).toBeGreaterThan(300)
  })

  test('R25 says that the timestamp is too old: is sent the same id and bytes with a fresh one', async () => {
    // A second apart: timestamps are whole seconds.
    await using stage = await openStage({ RETRY_SCHEDULE: '1500ms,1500ms' })
    const { receiver, register, delivery } = stage
    receiver.plan('/late', [{ status: 400, body: OLD }])
    const { id } = await register(SUCCESS, { path: '/late' })
    const first = await delivery(id)
    const second = await delivery(id, 2)
    expect([first.status, second.status]).toEqual([400, 200])
    expect(second.id).toBe(first.id)
    expect(second.body).toBe(first.body)
    expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']))
    expect(second.headers['webhook-signature']).not.toBe(first.headers['webhook-signature'])
  })
})

describe('hosts whose TLS handshake never ends', () => {
  test('hold up neither another partner nor a host of their own that has answered before', async () => {
    await using stage = await openStage({
      CALLBACK_TIMEOUT: '2s',
      CALLBACK_CONCURRENCY: '32',
      UPSTREAM_RATE: '5000',
      UPSTREAM_CONCURRENCY: '64',
    })
    const { api, addPartner, receiver, upstream } = stage
    const other = await addPartner('other')
    upstream.setDefault(SUCCESS)
    const deliver = async (caller: typeof api, idcardid: string) => {
      const { id } = await caller.register({ idcardid, callbackUrl: receiver.urlFor('/hook') })
      await caller.until(id, seen => seen.delivery.state === 'delivered')
    }
    await deliver(api, 'first')

    const shaking = new Set<Socket>()
    const silent = createServer(socket => void shaking.add(socket.on('error', () => {}))).listen(0, '0.0.0.0')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const registrations = Array.from({ length: 200 }, (_item, index) => ({
      idcardid: `shakes-${index}`,
      callbackUrl: `https://127.0.1.${index + 1}:${port}/hook`,
    }))
    await api.call('POST', '/v1/registrations/batch', { registrations })
    await expect.poll(() => shaking.size).toBeGreaterThan(7)

    for (let index = 0; index < 20; index++)
      await Promise.all([deliver(api, `own-${index}`), deliver(other.api, `other-${index}`)])
    // Most of them have not had their turn yet.
    expect(shaking.size).toBeLessThan(registrations.length)
    for (const socket of shaking) socket.destroy()
    silent.close()
  })
})
