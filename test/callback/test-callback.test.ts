import { expect, test, vi } from 'vitest'
import { createTestCallback } from '../../src/callback/test-callback.ts'
import { Secret } from '../../src/core/secret.ts'

const HOOK = 'https://partner.example/hook'

const sendWith = async (httpStatus: number) => {
  const enableCallback = vi.fn().mockResolvedValue(false)
  const store = {
    now: () => 0,
    liveSecrets: async () => [new Secret(`whsec_${Buffer.alloc(32, 1).toString('base64')}`)],
    enableCallback,
  }
  const result = { kind: 'answered', httpStatus, retryAfter: null, excerpt: null, durationMs: 1 } as const
  const testCallback = createTestCallback({ store, sender: { send: async () => result }, newId: () => 'msg_1' })
  const { outcome } = await testCallback('partner_1', HOOK)
  return { outcome, enabled: enableCallback.mock.calls }
}

test('a test that is answered well enables the URL', async () => {
  const url = { partnerId: 'partner_1', callbackUrl: HOOK }
  expect(await sendWith(204)).toEqual({ outcome: 'delivered', enabled: [[url, 'test']] })
})

test.each([500, 410, 302])('one that is answered %i enables nothing', async httpStatus => {
  expect((await sendWith(httpStatus)).enabled).toEqual([])
})
