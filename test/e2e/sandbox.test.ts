import { describe, expect, test } from 'vitest'
import { bodyOf, openStage } from './stage.ts'

// Margins as they are by default, so that a test that has to wait for one fails.
const SANDBOX = {
  SANDBOX: 'true',
  SETTLE_MARGIN: '10m',
  NOT_FOUND_GRACE: '2h',
  POLL_MIN_INTERVAL: '5s',
  POLL_MAX_INTERVAL: '5m',
}

describe('a test serial is answered', () => {
  test('to the end where the service starts again without the sandbox, which is known no more after that', async () => {
    await using stage = await openStage(SANDBOX)
    const callbackUrl = stage.receiver.urlFor('/hook')
    const { id } = await stage.api.register({ idcardid: 'test_success_2s', callbackUrl })
    await using again = await stage.restart({ SANDBOX: 'false' })
    expect(await again.api.find(id)).toMatchObject({ sandbox: true })
    expect(bodyOf(await stage.delivery(id)).data).toMatchObject({ status: 'SUCCESS', sandbox: true })
    expect(stage.upstream.calls).toHaveLength(0)
    const other = await again.api.register({ idcardid: 'test_success_2s', callbackUrl })
    expect(other).not.toHaveProperty('sandbox')
    await stage.upstream.waitFor(1)
  })

  test('with a webhook that comes twice, under one id, as after a crash before a 2xx could be recorded', async () => {
    await using stage = await openStage(SANDBOX)
    const callbackUrl = stage.receiver.urlFor('/hook')
    const { id } = await stage.api.register({ idcardid: 'test_success_similarity_95_twice', callbackUrl })
    const [first, second] = [await stage.delivery(id, 1), await stage.delivery(id, 2)]
    expect(second.body).toEqual(first.body)
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id'])
    expect(bodyOf(second).data).toMatchObject({ status: 'SUCCESS', similarity: '95' })
    await stage.api.until(id, ({ delivery }) => delivery.state === 'delivered')
    expect(await stage.api.attempts(id)).toMatchObject([
      { outcome: 'delivered', origin: 'first' },
      { outcome: 'delivered', origin: 'retry' },
    ])
    expect(stage.deliveriesOf(id)).toHaveLength(2)
  })

  test.each([
    ['test_invalid', 'invalid_id'],
    ['test_unknown_1s', 'unknown_status'],
  ])('%s as %s', async (idcardid, reason) => {
    await using stage = await openStage({ ...SANDBOX, POLL_MIN_INTERVAL: '100ms' })
    const { id } = await stage.api.register({ idcardid, callbackUrl: stage.receiver.urlFor('/hook') })
    expect(bodyOf(await stage.delivery(id))).toMatchObject({ type: 'idface.unresolved', data: { reason } })
  })
})
