import { expect, test, vi } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { createUpstreamAlerts } from '../../src/worker/poll-report.ts'
import { UNREACHABLE, WAITING } from '../support/store.ts'

const open = () => {
  const emit = vi.fn()
  return { after: createUpstreamAlerts(emit), emitted: emit.mock.calls }
}
const unknownStatus = (status: string): Answer => ({ kind: 'unknown_status', code: 2, status })
const unknownCode = (code: number): Answer => ({ kind: 'transient', code, cause: 'unknown_code' })
const ONE = { id: 'acc_1', apiId: 'C1', pausedAt: null, unreachableAt: null }
const TWO = { ...ONE, id: 'acc_2', apiId: 'C2' }

test('a status and a code that are in no table are reported once for each account', () => {
  const { after, emitted } = open()
  for (let n = 0; n < 3; n++) {
    after(ONE, unknownStatus('NEW'), null, 0)
    after(ONE, unknownCode(7), null, 0)
    after(TWO, unknownCode(7), null, 0)
  }
  expect(emitted).toEqual([
    ['upstream.unknown_status', { accountId: 'acc_1', status: 'NEW' }],
    ['upstream.unknown_code', { accountId: 'acc_1', code: 7 }],
    ['upstream.unknown_code', { accountId: 'acc_2', code: 7 }],
  ])
})

const told = { accountId: 'acc_1', account: 'C1' }
const iso = (ms: number) => new Date(ms).toISOString()

test('each change of an account is reported with what it is now', () => {
  const { after, emitted } = open()
  after(ONE, UNREACHABLE, null, 0)
  after(ONE, UNREACHABLE, { kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: 5 }, 9_000)
  after(ONE, UNREACHABLE, { kind: 'resume', rampRate: 0.5, rampAt: 6 }, 9_000)
  after(ONE, UNREACHABLE, { kind: 'throttle', rampRate: 0.2, rampAt: 7, allowedAt: 8 }, 9_000)
  expect(emitted).toEqual([
    ['account.paused', { ...told, reason: 'frozen', code: 4050, probes: 1, since: iso(9_000), probeAt: iso(5) }],
    ['account.resumed', { ...told, rampRate: 0.5, rampAt: iso(6) }],
    ['account.throttled', { ...told, rampRate: 0.2, rampAt: iso(7), allowedAt: iso(8) }],
  ])
})

const outage = (since: number) =>
  ({ kind: 'unreachable', error: 'unreachable: ECONNREFUSED', since, probes: 1, probeAt: since + 9 }) as const
const BACK = { kind: 'back' } as const

test('an outage is reported once, with its error, and its end once', () => {
  const { after, emitted } = open()
  for (let n = 0; n < 3; n++) after(ONE, UNREACHABLE, outage(5), 9_000)
  after(ONE, WAITING, BACK, 9_000)
  after(ONE, WAITING, null, 0)
  after(ONE, UNREACHABLE, outage(60_000), 9_000)
  expect(emitted).toEqual([
    ['upstream.unreachable', { ...told, error: 'unreachable: ECONNREFUSED', since: iso(5) }],
    ['upstream.back', told],
    ['upstream.unreachable', { ...told, error: 'unreachable: ECONNREFUSED', since: iso(60_000) }],
  ])
})
