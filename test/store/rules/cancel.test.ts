import { describe, expect, test } from 'vitest'
import { type CancelFacts, cancelRegistration } from '../../../src/store/rules/cancel.ts'

const AT = 1_000

describe('cancelling', () => {
  const FACTS: CancelFacts = {
    status: 'pending',
    resolvedAt: null,
    message: null,
    verification: { claims: 2, isResolved: false },
    others: { pending: false, notCancelled: false },
  }

  test('the last that waits stops the calls, and what is in flight decides nothing', () => {
    expect(cancelRegistration(FACTS, AT)).toEqual({
      registration: { resolvedAt: AT },
      message: null,
      stopsMessage: false,
      verification: { stops: { claims: 3 }, isErased: true },
    })
  })

  test('one of two lets the other be asked for', () => {
    const plan = cancelRegistration({ ...FACTS, others: { pending: true, notCancelled: true } }, AT)
    expect(plan?.verification).toEqual({ stops: null, isErased: false })
  })

  test('after the verdict gives up its message, and keeps when it ended', () => {
    const ended = {
      ...FACTS,
      status: 'succeeded',
      resolvedAt: 700,
      verification: { claims: 2, isResolved: true },
    } as const
    const plan = cancelRegistration({ ...ended, message: { state: 'pending', claims: 4 } }, AT)
    expect(plan).toMatchObject({ registration: { resolvedAt: 700 }, message: { state: 'exhausted', claims: 5 } })
    expect(plan?.stopsMessage).toBe(true)
    const delivered = cancelRegistration({ ...ended, message: { state: 'delivered', claims: 4 } }, AT)
    expect(delivered).toMatchObject({ message: { state: 'delivered', claims: 5 }, stopsMessage: false })
  })

  test('again changes nothing', () => {
    expect(cancelRegistration({ ...FACTS, status: 'cancelled' }, AT)).toBeNull()
  })
})
