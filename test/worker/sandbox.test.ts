import { describe, expect, test } from 'vitest'
import { HOUR, SECOND } from '../../src/core/duration.ts'
import type { ClaimedVerification } from '../../src/store/verifications/verification.ts'
import { answerTestSerial } from '../../src/worker/sandbox.ts'
import { POLICY } from '../support/store.ts'
import { NOW, verificationOf } from './support/verification.ts'

/** Registered `agesMs` ago, each for a day. */
const testSerial = (idcardid: string, ...agesMs: number[]) =>
  verificationOf(1, {
    idcardid,
    waiting: agesMs.map((age, i) => ({ id: `reg_${i}`, createdAt: NOW - age, expiresAt: NOW - age + 24 * HOUR })),
  })

describe('the sandbox', () => {
  const sandbox = (verification: ClaimedVerification, now: number) =>
    answerTestSerial(verification, { now, policy: POLICY })

  test('does not know a serial that it cannot read', () => {
    expect(sandbox(testSerial('test_of_another_version', 0), NOW).answer).toMatchObject({ kind: 'not_found' })
  })

  test('expires each registration at its own age, and at its own deadline where that comes first', () => {
    const verification = testSerial('test_expire_5s', 5 * SECOND, 4 * SECOND)
    expect(sandbox(verification, NOW).step).toMatchObject({
      ended: [{ registrationId: 'reg_0', reason: 'expired' }],
      dueAt: NOW + 1 * SECOND,
    })
    const [late] = testSerial('test_expire_5s', 0).waiting
    const short = { ...verification, waiting: late ? [{ ...late, expiresAt: NOW }] : [] }
    expect(sandbox(short, NOW).step.ended).toEqual([{ registrationId: 'reg_0', reason: 'expired' }])
  })
})
