import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { createRecentCalls } from '../../src/core/outage.ts'

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
  /** Two serials, polled in turn. */
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
})

describe('serials that hang', () => {
  const HANGS: Answer = { kind: 'transient', code: null, cause: 'timeout' }
  const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }

  test.each([3, 5])(
    'were an outage for everybody where they are %i and another one is answered about each 20 s',
    bad => {
      const recent = createRecentCalls()
      for (let n = 0; n < 120; n++) {
        const at = NOW + n * SECOND
        if (n % 20 === 0) recent.add(RUNNING, call(100, WAITING, at))
        expect(recent.add(RUNNING, call(n % bad, HANGS, at)).outageSince).toBeNull()
      }
    },
  )

  test('are an outage where they are six, though another one has just been answered about: in four slots after two time-outs', () => {
    const recent = createRecentCalls()
    recent.add(RUNNING, call(100, WAITING))
    const hang = (n: number) =>
      recent.add(RUNNING, {
        ...call(n, HANGS, NOW + Math.floor(n / 4) * 10 * SECOND),
        now: NOW + (1 + Math.floor(n / 4)) * 10 * SECOND,
      })
    expect([0, 1, 2, 3, 4, 5].map(n => hang(n).outageSince)).toEqual([null, null, null, null, null, NOW])
  })
})
