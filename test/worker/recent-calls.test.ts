import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { createRecentCalls } from '../../src/worker/recent-calls.ts'

const NOW = 1_000_000
const RUNNING: Parameters<ReturnType<typeof createRecentCalls>['add']>[0] = {
  id: 'acc_1',
  pauseReason: null,
  rampAt: null,
  unreachableAt: null,
}
const call = (verificationId: number, answer: Answer, at = NOW) => ({ verificationId, answer, askedAt: at, now: at })
const INVALID: Answer = { kind: 'invalid_id', code: 4060 }

describe('recent calls', () => {
  /** Two serials, asked about in turn. */
  const bothInvalid = (recent: ReturnType<typeof createRecentCalls>, account = RUNNING) => {
    for (const id of [1, 2, 1, 2]) recent.add(account, call(id, INVALID))
    return recent.add(account, call(1, INVALID)).othersInvalid
  }

  test('still count for calls that were under way when the account was paused', () => {
    const recent = createRecentCalls()
    expect(bothInvalid(recent)).toBe(true)
    recent.paused('acc_1', NOW)
    expect(recent.add(RUNNING, call(2, INVALID)).othersInvalid).toBe(true)
  })

  test('of one account say nothing of another', () => {
    const recent = createRecentCalls()
    bothInvalid(recent)
    expect(recent.add({ ...RUNNING, id: 'acc_2' }, call(2, INVALID)).othersInvalid).toBe(false)
  })
})

describe('an outage', () => {
  const REFUSED: Answer = { kind: 'transient', code: null, cause: 'unreachable' }
  const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }

  test('is told from when the first call of the row was made, until an answer comes, and to that answer too', () => {
    const recent = createRecentCalls()
    const at = (ms: number, answer: Answer) => recent.add(RUNNING, call(1, answer, NOW + ms)).outageSince
    expect([at(0, REFUSED), at(SECOND, REFUSED), at(2 * SECOND, REFUSED)]).toEqual([null, null, NOW])
    expect([at(MINUTE, REFUSED), at(2 * MINUTE, WAITING), at(3 * MINUTE, WAITING)]).toEqual([NOW, NOW, null])
    expect(at(4 * MINUTE, REFUSED)).toBeNull()
  })

  test('that was before a restart is known from the account', () => {
    const before = { ...RUNNING, unreachableAt: NOW - MINUTE }
    expect(createRecentCalls().add(before, call(1, REFUSED)).outageSince).toBe(NOW - MINUTE)
    expect(createRecentCalls().add(before, call(1, WAITING)).outageSince).toBe(NOW - MINUTE)
  })

  test('of one account is none of another', () => {
    const recent = createRecentCalls()
    for (let n = 0; n < 9; n++) recent.add(RUNNING, call(n, REFUSED, NOW + n * SECOND))
    expect(recent.add({ ...RUNNING, id: 'acc_2' }, call(10, REFUSED, NOW + MINUTE)).outageSince).toBeNull()
  })

  test('was declared for a moment by one serial that always fails while others are answered about', () => {
    const recent = createRecentCalls()
    const FAILED: Answer = { kind: 'transient', code: null, cause: 'http_status', detail: '500' }
    recent.add(RUNNING, call(2, WAITING))
    const lone = (n: number) => recent.add(RUNNING, call(1, FAILED, NOW + n * 10 * SECOND))
    for (let n = 1; n < 12; n++) expect(lone(n).outageSince).toBeNull()
    expect(lone(12).outageSince).toBe(NOW + 10 * SECOND)
  })

  test('begins to spare the serials with the second failure in a row', () => {
    const recent = createRecentCalls()
    const others = (answer: Answer) => recent.add(RUNNING, call(1, answer)).othersFail
    expect([others(REFUSED), others(REFUSED), others(WAITING), others(REFUSED)]).toEqual([false, true, false, false])
  })
})

describe('serials that fail while others are answered about', () => {
  const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
  const GOOD = 100
  const bad = [1, 2, 3]

  /** Each second one of them hangs; each `answerMs` another one is answered about. What is told of each call that hangs. */
  const mixed = (recent: ReturnType<typeof createRecentCalls>, from: number, { answerMs }: { answerMs: number }) =>
    Array.from({ length: 60 }, (_, n) => {
      const at = NOW + from + n * SECOND
      if ((n * SECOND) % answerMs === 0) recent.add(RUNNING, call(GOOD, WAITING, at))
      return recent.add(RUNNING, call(bad[n % bad.length] ?? 0, TIMEOUT, at))
    })
  const TIMEOUT: Answer = { kind: 'transient', code: null, cause: 'timeout' }

  /** The serials have failed before an answer about another one. */
  const openKnown = () => {
    const recent = createRecentCalls()
    for (const id of bad) recent.add(RUNNING, call(id, TIMEOUT))
    recent.add(RUNNING, call(GOOD, WAITING))
    return recent
  }

  test('were an outage where there are three of them: 3 false alarms in 30 s', () => {
    const told = mixed(openKnown(), SECOND, { answerMs: 10 * SECOND })
    expect(told.filter(({ outageSince }) => outageSince !== null)).toEqual([])
  })

  test('do not hide an outage: the failures of the others count as ever', () => {
    const recent = openKnown()
    const at = (ms: number, id: number) => recent.add(RUNNING, call(id, TIMEOUT, NOW + ms)).outageSince
    expect([at(1, 1), at(2, 2), at(3, 3)]).toEqual([null, null, null])
    expect([at(SECOND, GOOD), at(2 * SECOND, 101), at(2 * SECOND, 1), at(3 * SECOND, 102)]).toEqual([
      null,
      null,
      null,
      NOW + SECOND,
    ])
  })

  test('are an outage where no other one has been answered about for two minutes', () => {
    const recent = openKnown()
    const at = (ms: number) => recent.add(RUNNING, call(1 + ((ms / SECOND) % 3), TIMEOUT, NOW + ms)).outageSince
    expect([at(MINUTE), at(2 * MINUTE), at(2 * MINUTE + SECOND)]).toEqual([null, null, null])
    expect(at(2 * MINUTE + 2 * SECOND)).toBe(NOW + 2 * MINUTE)
  })
})
