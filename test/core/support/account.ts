import { type AccountState, type AnswerMoment, accountChange } from '../../../src/core/account.ts'
import type { AccountFault, Answer } from '../../../src/core/answer.ts'
import { HOUR } from '../../../src/core/duration.ts'
import { RUNNING } from '../../support/claimed-account.ts'

export const NOW = Date.parse('2026-11-24T08:00:00Z')
export const PAUSED: AccountState = {
  ...RUNNING,
  pausedAt: NOW - HOUR,
  pauseReason: 'egress_ip',
  pauseCode: 4052,
  probes: 1,
  probeAt: NOW,
}
export const VERDICT: Answer = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'FAIL', message: null, livingScore: null, similarity: null },
}
export const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
export const UNKNOWN_STATUS: Answer = { kind: 'unknown_status', code: 2, status: 'DONE' }
export const NOT_FOUND: Answer = { kind: 'not_found', code: 4061 }
export const INVALID: Answer = { kind: 'invalid_id', code: 4060 }
export const UNKNOWN_CODE: Answer = { kind: 'transient', code: 4999, cause: 'unknown_code' }
export const OUTAGE = { kind: 'transient', code: null, cause: 'unreachable' } as const satisfies Answer
export const throttled = (retryAfterMs: number | null): Answer => ({ kind: 'throttled', code: null, retryAfterMs })
export const faulty = (fault: AccountFault, code: number): Answer => ({ kind: 'account', code, fault })

const CALM: AnswerMoment = {
  now: NOW,
  random: 0.5,
  othersInvalid: false,
  mostlyUnknown: false,
  invalidIds: 0,
  outageSince: null,
}
export const change = (account: AccountState, answer: Answer, moment: Partial<AnswerMoment> = {}) =>
  accountChange(account, answer, { ...CALM, ...moment })
