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
})
