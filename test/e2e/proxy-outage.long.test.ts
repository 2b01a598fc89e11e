import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { openStage } from './stage.ts'

/** Something that is no egress proxy until it is told to work. */
const openProxy = async () => {
  let isWorking = false
  const server = createServer().on('connect', (request, client) => {
    client.on('error', () => {})
    if (!isWorking) return void client.end('SSH-2.0\r\n')
    const [host = '', port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    work: () => {
      isWorking = true
    },
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

test('an outage of the egress proxy used up the retries of every webhook, and nobody was told', async () => {
  await using proxy = await openProxy()
  await using stage = await openStage({ CALLBACK_PROXY: proxy.url, RETRY_SCHEDULE: '50ms' })
  const logged = (event: string) => stage.service.log.filter(line => line.event === event)
  const { id } = await stage.register({ status: 'SUCCESS' })
  // One more than the schedule has.
  await vi.waitFor(() => expect(logged('delivery.attempted').length).toBeGreaterThanOrEqual(3), { timeout: 15_000 })
  expect((await stage.api.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 0 })
  expect(logged('proxy.failing')).toMatchObject([{ level: 'warn', error: 'HPE_INVALID_CONSTANT', hosts: 1 }])
  expect(logged('proxy.back')).toEqual([])
  proxy.work()
  await stage.delivery(id)
  expect(logged('proxy.failing')).toHaveLength(1)
  expect(logged('proxy.back')).toHaveLength(1)
})
