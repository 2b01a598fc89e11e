import { expect, test } from 'vitest'
import { HOUR, SECOND } from '../../../src/core/duration.ts'
import { first, LEASE_MS, type OpenStore, openStoreFixture, WAITING } from '../../support/store.ts'

export const describePolling = (open: OpenStore): void => {
  test('hands out what is due with all that a call and its judgement need', async () => {
    await using bench = await openStoreFixture(open)
    const { id, createdAt, expiresAt } = await bench.register({ idcardid: '42' })
    const { account, verification } = first(await bench.claim())
    expect(verification).toMatchObject({
      partnerId: bench.partnerId,
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
    expect(account).toMatchObject({ id: bench.account.id, apiId: 'C12345678', passwordMode: 'dynamic', pausedAt: null })
    expect(account.apiKey.reveal()).toBe('upstream-key')
  })

  test('begins anew with a serial for which nobody has waited', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register({ idcardid: '42' })
    await bench.poll(WAITING)
    for (let n = 0; n < 2; n++) {
      await bench.advance(HOUR)
      await bench.poll({ kind: 'not_found', code: 4061 })
    }
    await bench.store.cancel(bench.partnerId, id)
    const registered = await bench.store.register([bench.newRegistration({ idcardid: '42' })])
    const { verification } = first(await bench.claim())
    expect(registered[0]?.outcome).toBe('created')
    expect(verification).toMatchObject({ goneChecks: 0, failures: 0, failingSince: null, invalidIds: 0, seen: true })
  })

  test('hands a row to one caller only until its lease has run out', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register()
    const claims = await Promise.all([bench.claim(), bench.claim(), bench.claim()])
    expect(claims.flat()).toHaveLength(1)
    await bench.advance(LEASE_MS - SECOND)
    expect(await bench.claim()).toEqual([])
    await bench.advance(SECOND)
    expect(await bench.claim()).toHaveLength(1)
  })

  test('hands out the longest due of a batch first, within the free slots', async () => {
    await using bench = await openStoreFixture(open)
    for (const idcardid of ['1', '2', '3', '4', '5']) {
      await bench.register({ idcardid, isBatch: true })
      await bench.advance(10)
    }
    const busy = new Map([[bench.account.id, 2]])
    const taken = await bench.claim({ concurrency: 4, busy })
    expect(taken.map(({ verification }) => verification.idcardid)).toEqual(['1', '2'])
    expect(await bench.claim({ concurrency: 4, busy: new Map([[bench.account.id, 4]]) })).toEqual([])
    expect(await bench.claim({ concurrency: 4, busy: new Map([[bench.account.id, 9]]) })).toEqual([])
  })

  test('keeps within the rate of the account, over all that claim', async () => {
    await using bench = await openStoreFixture(open, { rate: 5 })
    for (let i = 0; i < 30; i++) await bench.register()
    const perSecond: number[] = []
    for (let second = 0; second < 3; second++) {
      let taken = 0
      for (let tick = 0; tick < 20; tick++) {
        const claims = await Promise.all([bench.claim(), bench.claim()])
        taken += claims.flat().length
        await bench.advance(50)
      }
      perSecond.push(taken)
    }
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(6)
    expect(perSecond.reduce((sum, count) => sum + count)).toBe(16)
  })

  test('shares the slots over the partners in turn', async () => {
    await using bench = await openStoreFixture(open)
    for (let i = 0; i < 50; i++) await bench.register({ idcardid: `1${i}` })
    await bench.advance(SECOND)
    const [two, three] = [await bench.addPartner(), await bench.addPartner()]
    for (let i = 0; i < 5; i++) {
      await bench.register({ partnerId: two, idcardid: `2${i}` })
      await bench.register({ partnerId: three, idcardid: `3${i}` })
    }
    const taken: string[] = []
    for (let i = 0; i < 5; i++)
      taken.push(...(await bench.claim({ concurrency: 3 })).map(({ verification }) => verification.partnerId))
    const countOf = (partnerId: string) => taken.filter(id => id === partnerId).length
    expect([bench.partnerId, two, three].map(countOf)).toEqual([5, 5, 5])
  })

  test('told so during a call, lets the lease stand and asks once more right after it', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const claimed = first(await bench.claim())
    await bench.advance(1)
    await bench.store.nudge(bench.partnerId, id)
    expect(await bench.claim()).toEqual([])
    await bench.store.settleVerifications([bench.answered(claimed, WAITING)])
    expect(await bench.claim()).toHaveLength(1)
  })

  test('does not ask about a registration that has ended, whatever it is told', async () => {
    await using bench = await openStoreFixture(open)
    const resolved = await bench.resolve()
    expect(await bench.store.nudge(bench.partnerId, resolved.id)).toEqual(resolved)
    expect(await bench.claim()).toEqual([])
  })
}
