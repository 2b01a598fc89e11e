import { expect, test, vi } from 'vitest'
import { createKeyUse } from '../../../src/http/middleware/authenticate.ts'
import { openApi, START } from '../support/api.ts'

const setUp = ({ touchKeys = vi.fn(async () => {}) } = {}) => {
  const clock = { now: START }
  const wakes: (() => void)[] = []
  const stopping = new AbortController()
  const recordUse = createKeyUse({
    store: { touchKeys },
    now: () => clock.now,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        wakes.push(resolve)
        signal?.addEventListener('abort', reject)
      }),
    stopping: stopping.signal,
  })
  const secondPasses = async () => {
    for (const wake of wakes.splice(0)) wake()
    await new Promise(setImmediate)
  }
  return { clock, touchKeys, stopping, recordUse, secondPasses }
}

test('a key is recorded once a minute', async () => {
  const { recordUse, touchKeys, secondPasses, clock } = setUp()
  for (const [passed, calls] of [
    [0, 1],
    [59_999, 1],
    [1, 2],
  ] as const) {
    clock.now += passed
    recordUse('key_1')
    await secondPasses()
    expect(touchKeys).toHaveBeenCalledTimes(calls)
  }
})

test('a request records its key', async () => {
  await using api = await openApi({ sleep: async () => {} })
  const touchKeys = vi.spyOn(api.store, 'touchKeys')
  await api.call('GET', '/v1/registrations')
  await vi.waitFor(() => expect(touchKeys).toHaveBeenCalledWith([api.partner.keyId]))
  await touchKeys.mock.results[0]?.value
  const [key] = (await api.store.listKeys(api.partner.id)) ?? []
  expect(key?.lastUsedAt).toBe(api.clock.now)
})
