import { expect, test, vi } from 'vitest'
import { HOUR } from '../../src/core/duration.ts'
import type { TurnedCallback } from '../../src/store/store.ts'
import { createCallbackReport } from '../../src/worker/callback-report.ts'

const open = () => {
  const emit = vi.fn()
  const clock = { now: 0 }
  const report = createCallbackReport(emit, () => clock.now)
  return { report, clock, emitted: emit.mock.calls }
}
const turned = (more: Partial<TurnedCallback> = {}): TurnedCallback => ({
  partnerId: 'partner_1',
  callbackUrl: 'https://a.example:8443/hook?order=1',
  turn: 'failing',
  failingSince: Date.parse('2026-11-24T08:00:00Z'),
  lastError: 'http_503',
  ...more,
})

test('tells of a URL by its host, never by the URL itself', () => {
  const { report, emitted } = open()
  report([turned(), turned({ turn: 'disabled' })])
  const fields = { partnerId: 'partner_1', host: 'a.example:8443', since: '2026-11-24T08:00:00.000Z' }
  expect(emitted).toEqual([
    ['callback.failing', { ...fields, error: 'http_503', urls: 1 }],
    ['callback.disabled', { ...fields, error: 'http_503', urls: 1 }],
  ])
})

test('tells of a host with thousands of URLs once an hour, and then of how many', () => {
  const { report, clock, emitted } = open()
  report(Array.from({ length: 5_000 }, (_, n) => turned({ callbackUrl: `https://a.example/${n}` })))
  expect(emitted).toHaveLength(1)
  report([turned({ callbackUrl: 'https://b.example/' }), turned({ partnerId: 'partner_2' })])
  expect(emitted).toHaveLength(3)
  clock.now += HOUR
  report([turned({ callbackUrl: 'https://a.example/' })])
  expect(emitted.at(-1)).toEqual(['callback.failing', expect.objectContaining({ host: 'a.example', urls: 5_000 })])
})
