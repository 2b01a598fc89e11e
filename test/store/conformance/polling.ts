import { expect } from 'vitest'
import { HOUR, SECOND } from '../../../src/core/duration.ts'
import { first, LEASE_MS, openStoreFixture, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describePolling = (test: StoreTest): void => {
  test('hands out due polls with all data for the call and its judgement', async ({ scene, partnerId }) => {
    const { id, createdAt, expiresAt } = await scene.register({ idcardid: '42' })
    const { account, verification } = first(await scene.claim())
    expect(verification).toMatchObject({
      partnerId,
      idcardid: '42',
      polls: 0,
      failures: 0,
      failingSince: null,
      invalidIds: 0,
      goneChecks: 0,
      seen: false,
      nudgedAt: createdAt,
      lastPolledAt: null,
      rawStatus: null,
      waiting: [{ id, createdAt, expiresAt }],
    })
    expect(account).toMatchObject({ id: scene.account.id, apiId: 'C12345678', passwordMode: 'dynamic', pausedAt: null })
    expect(account.apiKey.reveal()).toBe('upstream-key')
  })

  test('begins anew with a serial for which nobody has waited', async ({ scene, store, partnerId }) => {
    const { id } = await scene.register({ idcardid: '42' })
    await scene.poll(WAITING)
    for (let n = 0; n < 2; n++) {
      await scene.advance(HOUR)
      await scene.poll({ kind: 'not_found', code: 4061 })
    }
    await store.cancel(partnerId, id)
    const registered = await store.register([scene.newRegistration({ idcardid: '42' })])
    const { verification } = first(await scene.claim())
    expect(registered[0]?.outcome).toBe('created')
    expect(verification).toMatchObject({ goneChecks: 0, failures: 0, failingSince: null, invalidIds: 0, seen: true })
  })

  test('hands a row to one caller only until its lease has run out', async ({ scene }) => {
    await scene.register()
    const claims = await Promise.all([scene.claim(), scene.claim(), scene.claim()])
    expect(claims.flat()).toHaveLength(1)
    await scene.advance(LEASE_MS - SECOND)
    expect(await scene.claim()).toEqual([])
    await scene.advance(SECOND)
    expect(await scene.claim()).toHaveLength(1)
  })

  test('hands out the longest due of a batch first, within the free slots', async ({ scene }) => {
    for (const idcardid of ['1', '2', '3', '4', '5']) {
      await scene.register({ idcardid, isBatch: true })
      await scene.advance(10)
    }
    const busy = new Map([[scene.account.id, 2]])
    const taken = await scene.claim({ concurrency: 4, busy })
    expect(taken.map(({ verification }) => verification.idcardid)).toEqual(['1', '2'])
    expect(await scene.claim({ concurrency: 4, busy: new Map([[scene.account.id, 4]]) })).toEqual([])
    expect(await scene.claim({ concurrency: 4, busy: new Map([[scene.account.id, 9]]) })).toEqual([])
  })

  test('keeps within the rate of the account, over all that claim', async ({ open }) => {
    await using scene = await openStoreFixture(open, { rate: 5 })
    for (let i = 0; i < 30; i++) await scene.register()
    const perSecond: number[] = []
    for (let second = 0; second < 3; second++) {
      let taken = 0
      for (let tick = 0; tick < 20; tick++) {
        const claims = await Promise.all([scene.claim(), scene.claim()])
        taken += claims.flat().length
        await scene.advance(50)
      }
      perSecond.push(taken)
    }
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(6)
    expect(perSecond.reduce((sum, count) => sum + count)).toBe(16)
  })

  test('shares the slots over the partners in turn', async ({ scene }) => {
    for (let i = 0; i < 50; i++) await scene.register({ idcardid: `1${i}` })
    await scene.advance(SECOND)
    const [two, three] = [await scene.addPartner(), await scene.addPartner()]
    for (let i = 0; i < 5; i++) {
      await scene.register({ partnerId: two, idcardid: `2${i}` })
      await scene.register({ partnerId: three, idcardid: `3${i}` })
    }
    const taken: string[] = []
    for (let i = 0; i < 5; i++)
      taken.push(...(await scene.claim({ concurrency: 3 })).map(({ verification }) => verification.partnerId))
    const countOf = (partnerId: string) => taken.filter(id => id === partnerId).length
    expect([scene.partnerId, two, three].map(countOf)).toEqual([5, 5, 5])
  })

  test('nudged during a call, lets the lease stand and asks once more right after it', async ({ scene }) => {
    const { id } = await scene.register()
    const claimed = first(await scene.claim())
    await scene.advance(1)
    await scene.store.nudge(scene.partnerId, id)
    expect(await scene.claim()).toEqual([])
    await scene.store.settleVerifications([scene.answered(claimed, WAITING)])
    expect(await scene.claim()).toHaveLength(1)
  })

  test('does not ask about an ended registration, even when nudged', async ({ scene, store, partnerId }) => {
    const resolved = await scene.resolve()
    expect(await store.nudge(partnerId, resolved.id)).toEqual(resolved)
    expect(await scene.claim()).toEqual([])
  })
}
