import { describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'
import { createApiClient } from '../support/api-client.ts'

/** Forty calls at a time. */
const inLanes = async <In, Out>(inputs: readonly In[], call: (input: In) => Promise<Out>): Promise<Out[]> => {
  const outputs: Out[] = []
  const left = inputs.values()
  const lane = async () => {
    for (const input of left) outputs.push(await call(input))
  }
  await Promise.all(Array.from({ length: 40 }, lane))
  return outputs
}

describe('M5: a partner who floods the API', () => {
  test('is held to its rate, each refusal says truly when to come back, and others notice nothing', async () => {
    await using stage = await openStage({ API_RATE: '50' })
    const other = await stage.addPartner('other')
    const serials = Array.from({ length: 600 }, (_, n) => `flood-${n}`)
    for (const serial of serials) stage.upstream.script(serial, { status: 'ING' })
    const call = (idcardid: string) =>
      stage.api.call('POST', '/v1/registrations', {
        idcardid,
        callbackUrl: stage.receiver.urlFor('/hook'),
      })
    const startedAt = performance.now()
    const flood = inLanes(serials, call)
    const waits: number[] = []
    for (let n = 0; n < 10; n++) {
      const askedAt = performance.now()
      await other.api.get('/v1/me')
      waits.push(performance.now() - askedAt)
    }
    const answers = await flood
    const seconds = (performance.now() - startedAt) / 1_000
    const taken = answers.filter(({ status }) => status === 201).length
    expect(taken).toBeGreaterThanOrEqual(100)
    expect(taken).toBeLessThanOrEqual(100 + Math.ceil(50 * seconds))
    const refused = answers.filter(({ status }) => status === 429)
    expect(taken + refused.length).toBe(serials.length)
    for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1')
    expect(Math.max(...waits)).toBeLessThan(2_000)

    await new Promise(resolve => setTimeout(resolve, 1_000))
    expect((await call('flood-0')).status).not.toBe(429)
  })

  test('with made-up keys gets nothing but 401 and 429, and its neighbours are let in', async () => {
    await using stage = await openStage()
    const guesser = createApiClient(stage.service.url, 'ifn_01JABCDEFGHJKMNPQRSTVWXYZ0_guess')
    const answers = await inLanes(Array(500).fill('/v1/me'), path => guesser.call('GET', path))
    const count = (status: number) => answers.filter(answer => answer.status === status).length
    expect(count(401)).toBeGreaterThanOrEqual(50)
    expect(count(429)).toBeGreaterThan(300)
    expect(count(401) + count(429)).toBe(500)
    expect((await stage.api.call('GET', '/v1/me')).status).toBe(200)
    expect((await stage.admin.call('GET', '/v1/admin/partners')).status).toBe(200)
  })
})

describe('M16: the service’s own address as a callback', () => {
  test('is refused like any other that is not public, at every way to name one', async () => {
    await using stage = await openStage({ CALLBACK_ALLOW_NETWORKS: '' })
    const { port } = new URL(stage.service.url)
    const hosts = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '0.0.0.0',
      '[::]',
      '127.1',
      '2130706433',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
    ]
    for (const host of hosts)
      for (const path of ['/healthz', '/v1/registrations', '/v1/admin/partners']) {
        const callbackUrl = `http://${host}:${port}${path}`
        const registered = await stage.api.call('POST', '/v1/registrations', { idcardid: 'self', callbackUrl })
        const tested = await stage.api.call('POST', '/v1/callbacks/test', { callbackUrl })
        expect([callbackUrl, registered.status, tested.status]).toEqual([callbackUrl, 422, 422])
      }
    const requests = stage.service.log.filter(
      ({ event, route }) => event === 'request.answered' && route === '/healthz',
    )
    expect(requests).toEqual([])
  })

  test('where loopback is allowed does nothing: a webhook carries no key', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: '10ms' })
    stage.upstream.script('self', { status: 'SUCCESS' })
    const callbackUrl = `${stage.service.url}/v1/registrations`
    const { id } = await stage.api.register({ idcardid: 'self', callbackUrl })
    await stage.api.until(id, ({ delivery }) => delivery.state === 'exhausted')
    const attempts = await stage.api.attempts(id)
    expect(attempts.map(({ httpStatus }) => httpStatus)).toEqual([401, 401])
  })
})
