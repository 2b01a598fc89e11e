import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/core/duration.ts'
import { yieldToLoop } from '../support/fixed-clock.ts'
import { messageOf, NOW, OK, openScene } from './support/deliverer-scene.ts'

describe('prefetched messages', () => {
  const three = [1, 2, 3].map(seq => messageOf(seq))

  test.each([
    ['their registration is cancelled', { partnerId: 'partner_1', registrationId: 'reg_3' }],
    ['their partner is disabled', { partnerId: 'partner_1', registrationId: null }],
  ])('are released where %s', async (_, what) => {
    const { deliverer, round, answer, sending, settled, happened } = openScene()
    await round(...three)
    deliverer.cancel(what)
    for (let n = 0; n < 2; n++) await yieldToLoop()
    expect(happened).toEqual(['not_sent cancelled', 'recorded'])
    expect(settled).toMatchObject([
      { message: { seq: 3, claim: 7 }, attempt: null, step: { state: 'pending', dueAt: NOW + SECOND } },
    ])
    for (const seq of [1, 2]) await answer(seq, OK)
    expect(sending()).toEqual([])
    expect(settled.map(({ message }) => message.seq)).toEqual([3, 1, 2])
  })
})
