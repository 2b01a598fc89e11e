import { describe, expect, test } from 'vitest'
import type { SendResult } from '../../src/callback/sender.ts'
import { yieldToLoop } from '../../src/core/clock.ts'
import { SECOND } from '../../src/core/duration.ts'
import { messageOf, NOW, OK, openScene } from './support/deliverer-scene.ts'

describe('an answer 410', () => {
  const GONE: SendResult = { ...OK, httpStatus: 410 }

  test('stops what is claimed ahead for its URL, and nothing else of the host', async () => {
    const { round, answer, sending, settled } = openScene()
    const other = messageOf(4, { callbackUrl: 'https://a.example/other' })
    await round(messageOf(1), messageOf(2), messageOf(3), other)
    expect(sending()).toEqual([1, 2])
    await answer(1, GONE)
    expect(sending()).toEqual([2, 4])
    await yieldToLoop()
    expect(settled.map(({ message, attempt }) => [message.seq, attempt?.outcome ?? null])).toContainEqual([3, null])
  })
})

describe('a cancel during an attempt', () => {
  const cancelled = { partnerId: 'partner_1', registrationId: 'reg_1' }

  test('is asked for once more before the bytes leave', async () => {
    const { deliverer, round, answer, attempts, settled } = openScene()
    await round(messageOf(1), messageOf(2))
    expect(attempts().map(({ mayStillSend }) => mayStillSend?.())).toEqual([true, true])
    deliverer.withdraw(cancelled)
    expect(attempts().map(({ mayStillSend }) => mayStillSend?.())).toEqual([false, true])
    await answer(1, { kind: 'failed', error: 'local', detail: 'withdrawn', durationMs: 0 })
    await yieldToLoop()
    expect(settled).toMatchObject([{ message: { seq: 1 }, attempt: null }])
  })
})

describe('what is cancelled while a claim is pending', () => {
  test.each([
    ['its registration is cancelled', { partnerId: 'partner_1', registrationId: 'reg_2' }, [1, 3]],
    ['its partner is disabled', { partnerId: 'partner_1', registrationId: null }, [3]],
  ])('is released and not sent where %s', async (_, what, sent) => {
    const { deliverer, round, answer, sending, settled, happened, holdClaims } = openScene()
    const claim = holdClaims()
    const claiming = round(messageOf(1), messageOf(2), messageOf(3, { partnerId: 'partner_2', host: 'b.example' }))
    deliverer.withdraw(what)
    await claim()
    expect(await claiming).toEqual({ claimed: 3, nextAt: NOW + 9, waits: false })
    expect(sending()).toEqual(sent)
    expect(happened).toContain('not_sent cancelled')
    for (const seq of sent) await answer(seq, OK)
    await deliverer.whenIdle()
    const released = settled.filter(({ attempt }) => attempt === null)
    expect(released.map(({ message }) => message.seq)).toEqual([1, 2, 3].filter(seq => !sent.includes(seq)))
    for (const { step } of released) expect(step).toMatchObject({ state: 'pending', dueAt: NOW + SECOND })
  })
})
