import { expect, onTestFinished, test, vi } from 'vitest'
import { openOperator } from '../../src/app/open-operator.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { TurnedCallback } from '../../src/store/store.ts'
import { endOfTurn } from '../support/fixed-clock.ts'
import { serviceEnvironment } from '../support/service.ts'

const RECOVERED: TurnedCallback = {
  ...{ partnerId: 'par_1', callbackUrl: 'https://partner.example/hook?order=1', turn: 'recovered' },
  ...{ failingSince: 0, lastError: 'http_503' },
}

const open = async (more: Record<string, string> = {}) => {
  const env = { ...serviceEnvironment({ folder: '/nowhere', upstreamUrl: 'http://127.0.0.1:1' }), ...more }
  const read = readConfig(env, { need: 'upstream', readFile: path => `no file ${path}` })
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message.en).join('\n'))
  const masterKey = Buffer.alloc(32, 7)
  const store = await openSqliteStore({ path: ':memory:', masterKey, now: Date.now, defaultRate: 1 })
  onTestFinished(() => store.close())
  const begin = () => {
    const operator = openOperator({ config: read.config, store, emit: () => {} })
    onTestFinished(async () => {
      await operator.stop()
      await operator.breakOff()
    })
  }
  return { store, begin }
}

test('each of many URLs that worked again was a look at the whole service', async () => {
  const { store, begin } = await open()
  const looks = vi.spyOn(store, 'stats')
  const ends = vi.spyOn(store, 'endedCallbackEvents')
  begin()
  await vi.waitFor(() => expect(ends).toHaveBeenCalledTimes(1))
  for (let n = 0; n < 100; n++) {
    store.hints.emit('callbacksTurned', [RECOVERED])
    for (let turn = 0; turn < 10; turn++) await endOfTurn()
  }
  expect(looks).toHaveBeenCalledTimes(1)
  // That one of a host has ended is found soon, once for all of them.
  await vi.waitFor(() => expect(ends.mock.calls.length).toBeGreaterThan(1), { timeout: 5_000 })
  expect(ends.mock.calls.length).toBeLessThan(5)
  expect(looks).toHaveBeenCalledTimes(1)
})
