import { expect, test, vi } from 'vitest'
import { openApi } from '../support/api.ts'

test('a key is recorded once a minute', async () => {
  await using api = await openApi()
  const touchKeys = vi.spyOn(api.store, 'touchKeys')
  for (const [passed, calls] of [
    [0, 1],
    [59_999, 1],
    [1, 2],
  ] as const) {
    api.clock.now += passed
    await api.call('GET', '/v1/registrations')
    expect(touchKeys).toHaveBeenCalledTimes(calls)
  }
  expect(touchKeys).toHaveBeenCalledWith([api.partner.keyId])
  await touchKeys.mock.results[1]?.value
  const [key] = (await api.store.listKeys(api.partner.id)) ?? []
  expect(key?.lastUsedAt).toBe(api.clock.now)
})
