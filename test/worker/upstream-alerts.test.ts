import { expect, test, vi } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { createUpstreamAlerts } from '../../src/worker/upstream-alerts.ts'

const open = () => {
  const emit = vi.fn()
  const { after } = createUpstreamAlerts(emit)
  return { after, emitted: emit.mock.calls }
}
const unknownStatus = (status: string): Answer => ({ kind: 'unknown_status', code: 2, status })
const unknownCode = (code: number): Answer => ({ kind: 'transient', code, cause: 'unknown_code' })
const UNREACHABLE: Answer = { kind: 'transient', code: null, cause: 'unreachable' }

test('a status and a code that are in no table are reported once for each account', () => {
  const { after, emitted } = open()
  for (let n = 0; n < 3; n++) {
    after('acc_1', unknownStatus('NEW'), null)
    after('acc_1', unknownCode(7), null)
    after('acc_2', unknownCode(7), null)
  }
  expect(emitted).toEqual([
    ['upstream.unknown_status', { accountId: 'acc_1', status: 'NEW' }],
    ['upstream.unknown_code', { accountId: 'acc_1', code: 7 }],
    ['upstream.unknown_code', { accountId: 'acc_2', code: 7 }],
  ])
})

test('an upstream that invents a new status each time is reported a thousand times, then no more', () => {
  const { after, emitted } = open()
  for (let n = 0; n < 1_100; n++) after('acc_1', unknownStatus(`S${n}`), null)
  expect(emitted).toHaveLength(1_000)
})

test('each change of an account is reported with what it is now', () => {
  const { after, emitted } = open()
  after('acc_1', UNREACHABLE, null)
  after('acc_1', UNREACHABLE, { kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: 5 })
  after('acc_1', UNREACHABLE, { kind: 'resume', rampRate: 0.5, rampAt: 6 })
  after('acc_1', UNREACHABLE, { kind: 'throttle', rampRate: 0.2, rampAt: 7, allowedAt: 8 })
  expect(emitted).toEqual([
    ['account.paused', { accountId: 'acc_1', reason: 'frozen', code: 4050, probes: 1, probeAt: 5 }],
    ['account.resumed', { accountId: 'acc_1', rampRate: 0.5, rampAt: 6 }],
    ['account.throttled', { accountId: 'acc_1', rampRate: 0.2, rampAt: 7, allowedAt: 8 }],
  ])
})
