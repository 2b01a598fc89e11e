import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { createRecentCalls } from '../../src/worker/recent-calls.ts'

const NOW = 1_000_000
const RUNNING = { id: 'acc_1', pauseReason: null, rampAt: null }
const INVALID: Answer = { kind: 'invalid_id', code: 4060 }
const UNKNOWN: Answer = { kind: 'transient', code: 4999, cause: 'unknown_code' }

describe('recent calls', () => {
  test('still count for calls that were under way when the account was paused', () => {
    const recent = createRecentCalls()
    recent.add(RUNNING, 1, INVALID)
    expect(recent.add(RUNNING, 2, INVALID).othersInvalid).toBe(true)
    recent.paused('acc_1', NOW)
    expect(recent.add(RUNNING, 1, INVALID).othersInvalid).toBe(true)
  })

  test('do not count any more once the account has been resumed', () => {
    const recent = createRecentCalls()
    for (let id = 1; id <= 20; id++) recent.add(RUNNING, id, UNKNOWN)
    recent.add(RUNNING, 1, INVALID)
    recent.paused('acc_1', NOW)
    const resumed = { ...RUNNING, rampAt: NOW + 1 }
    expect(recent.add(resumed, 2, INVALID)).toEqual({ othersInvalid: false, mostlyUnknown: false })
    // The new window grows from here.
    expect(recent.add(resumed, 3, INVALID).othersInvalid).toBe(true)
  })

  test('of one account say nothing of another', () => {
    const recent = createRecentCalls()
    recent.add(RUNNING, 1, INVALID)
    expect(recent.add({ ...RUNNING, id: 'acc_2' }, 2, INVALID).othersInvalid).toBe(false)
  })

  test('need not be known for a canary of a pause for 4060, as after a restart', () => {
    const canary = { ...RUNNING, pauseReason: 'serial_not_received' } as const
    expect(createRecentCalls().add(canary, 1, INVALID).othersInvalid).toBe(true)
  })
})
