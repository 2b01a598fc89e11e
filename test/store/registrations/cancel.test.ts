import { describe, expect, test } from 'vitest'
import { getTableColumns } from '../../../src/store/drizzle.ts'
import { type CancelFacts, cancelRegistration, ERASED } from '../../../src/store/registrations/cancelling.ts'
import { registrations, verifications } from '../../../src/store/sqlite/schema.ts'

const AT = 1_000

/** None says what is known of the person, but for the serial and the URL. */
const KEPT = {
  registrations: [
    ...['verificationId', 'n', 'id', 'partnerId', 'callbackUrl', 'laneId', 'status', 'reason', 'createdAt'],
    ...['expiresAt', 'resolvedAt', 'messageSeq', 'traceparent'],
  ],
  verifications: [
    ...['id', 'accountId', 'partnerId', 'idcardid', 'serialKey', 'createdAt', 'nudgedAt', 'queue', 'dueAt'],
    ...['claimedAt', 'claims', 'polls', 'lastPolledAt', 'lastAnswer', 'lastCode', 'lastOpenAt', 'failures'],
    ...['failingSince', 'invalidIds', 'goneChecks', 'seen'],
  ],
}

describe('cancelling', () => {
  const FACTS: CancelFacts = {
    ...{ status: 'pending', resolvedAt: null, messageState: null, messageClaims: null },
    ...{ verdict: null, claims: 2 },
  }
  const NOBODY = { pending: false, notCancelled: false }

  test('the last that waits stops the calls, and a call in flight decides nothing', () => {
    expect(cancelRegistration(FACTS, NOBODY, AT)).toEqual({
      resolvedAt: AT,
      message: null,
      stopsMessage: false,
      stoppedClaims: 3,
      isErased: true,
    })
  })

  test('one of two keeps the other polled, and its known verdict', () => {
    const plan = cancelRegistration(FACTS, { pending: true, notCancelled: true }, AT)
    expect(plan).toMatchObject({ stoppedClaims: null, isErased: false })
    expect(cancelRegistration(FACTS, { pending: false, notCancelled: true }, AT)?.isErased).toBe(false)
  })

  test('after the verdict gives up its message, and keeps when it ended', () => {
    const ended = { ...FACTS, status: 'succeeded', resolvedAt: 700, verdict: Buffer.from('sealed') } as const
    const waits = cancelRegistration({ ...ended, messageState: 'pending', messageClaims: 4 }, NOBODY, AT)
    expect(waits).toMatchObject({ resolvedAt: 700, message: { state: 'exhausted', claims: 5 }, stopsMessage: true })
    const delivered = cancelRegistration({ ...ended, messageState: 'delivered', messageClaims: 4 }, NOBODY, AT)
    expect(delivered).toMatchObject({ message: { state: 'delivered', claims: 5 }, stopsMessage: false })
    expect(delivered?.stoppedClaims).toBeNull()
  })

  test.each(['registrations', 'verifications'] as const)('erases or keeps every column of %s', table => {
    const columns = Object.keys(getTableColumns({ registrations, verifications }[table]))
    expect([...KEPT[table], ...Object.keys(ERASED[table])].sort()).toEqual(columns.sort())
  })

  test('again changes nothing', () => {
    expect(cancelRegistration({ ...FACTS, status: 'cancelled' }, NOBODY, AT)).toBeNull()
  })
})
