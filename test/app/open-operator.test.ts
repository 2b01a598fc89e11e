import { expect, onTestFinished, test, vi } from 'vitest'
import { openOperator } from '../../src/app/open-operator.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { CallbackTrouble } from '../../src/store/callbacks.ts'
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

test('nobody was told of a URL that was disabled where the process ended before it had written its note', async () => {
  const { store, begin } = await open({ OPERATOR_URL: 'https://127.0.0.1:1/hook' })
  const url = (n: number, state: 'disabled' | 'failing' | 'gone'): CallbackTrouble => ({
    ...{ partnerId: 'par_1', callbackUrl: `https://${state}-${n}.example/hook`, state, since: 5, heldSince: 6 },
    ...{ lastError: 'http_503', held: 1 },
  })
  const next = { partnerId: 'par_1', callbackUrl: 'https://x' }
  const pages = [
    { troubles: [url(1, 'disabled'), url(2, 'failing'), url(3, 'gone')], next },
    { troubles: [url(4, 'disabled')], next: null },
  ]
  vi.spyOn(store, 'listCallbacks').mockImplementation(async () => pages.shift() ?? { troubles: [], next: null })
  const noted = vi.spyOn(store, 'noteOperatorEvents')
  begin()
  const events = () =>
    noted.mock.calls.flatMap(([notes]) => notes).filter(one => one.condition === 'callback.disabled' && one.details)
  await vi.waitFor(() => expect(events()).toHaveLength(2), { timeout: 5_000 })
  expect(events()).toMatchObject([
    { subject: 'par_1 disabled-1.example', adds: 0, details: { since: 5, error: 'http_503' } },
    { subject: 'par_1 disabled-4.example', adds: 0 },
  ])
})
