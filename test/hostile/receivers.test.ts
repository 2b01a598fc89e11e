import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'

const SUCCESS = { status: 'SUCCESS' }
const OLD = 'webhook timestamp too old'

describe('a receiver that fails now and then', () => {
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
