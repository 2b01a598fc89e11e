import { describe, expect, test } from 'vitest'
import { HOUR, SECOND } from '../../src/core/duration.ts'
import type { ClaimedVerification } from '../../src/store/store.ts'
import { answerTestSerial } from '../../src/worker/sandbox.ts'
import { POLICY } from '../support/store.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')

/** Registered `agesMs` ago, each for a day. */
const verificationOf = (idcardid: string, ...agesMs: number[]): ClaimedVerification => ({
  id: 1,
  claim: 1,
  partnerId: 'ptn_1',
  dueAt: NOW,
  idcardid,
  polls: 0,
  nudgedAt: NOW,
  failures: 0,
  failingSince: null,
  invalidIds: 0,
  seen: false,
  goneChecks: 0,
  lastPolledAt: null,
  rawStatus: null,
  traceparents: [],
  waiting: agesMs.map((age, i) => ({ id: `reg_${i}`, createdAt: NOW - age, expiresAt: NOW - age + 24 * HOUR })),
})

describe('the sandbox', () => {
  const sandbox = (verification: ClaimedVerification, now: number) =>
    answerTestSerial(verification, { now, policy: POLICY })

  test('does not know a serial that it cannot read', () => {
    expect(sandbox(verificationOf('test_of_another_version', 0), NOW).answer).toMatchObject({ kind: 'not_found' })
  })

  test('expires each registration at its own age, and at its own deadline where that comes first', () => {
    const verification = verificationOf('test_expire_5s', 5 * SECOND, 4 * SECOND)
    expect(sandbox(verification, NOW).step).toMatchObject({
      ended: [{ registrationId: 'reg_0', reason: 'expired' }],
      dueAt: NOW + 1 * SECOND,
    })
    const [late] = verificationOf('test_expire_5s', 0).waiting
    const short = { ...verification, waiting: late ? [{ ...late, expiresAt: NOW }] : [] }
    expect(sandbox(short, NOW).step.ended).toEqual([{ registrationId: 'reg_0', reason: 'expired' }])
  })
})
