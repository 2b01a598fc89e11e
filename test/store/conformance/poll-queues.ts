import { expect } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { MAX_PARTNERS } from '../../../src/store/verifications/queue-heads.ts'
import { openStoreFixture, type StoreFixture, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** The serials of the next calls, each of which finds the check still open. */
const ask = async (scene: StoreFixture, calls: number): Promise<string[]> => {
  const asked: string[] = []
  for (let call = 0; call < calls; call++) {
    const claimed = await scene.claim({ concurrency: 1 })
    await scene.store.settleVerifications(claimed.map(one => scene.answered(one, WAITING)))
    asked.push(...claimed.map(({ verification }) => verification.idcardid))
  }
  return asked
}
const registerMany = (scene: StoreFixture, name: string, count: number, isBatch = false) =>
  scene.store.register(
    Array.from({ length: count }, (_, n) => scene.newRegistration({ idcardid: `${name}-${n}`, isBatch })),
  )

/** Who is asked first where more is due than may be asked. The scene's rule asks every 5 s, and one call may go at a time. */
export const describePollQueues = (test: StoreTest): void => {
  test('a registration beside a batch of the same partner does not wait for the batch, nor does its second poll', async ({
    scene,
  }) => {
    await registerMany(scene, 'batch', 200, true)
    await ask(scene, 20)
    await scene.register({ idcardid: 'single' })
    expect(await ask(scene, 2)).toContain('single')
    await scene.advance(5 * SECOND)
    expect(await ask(scene, 4)).toContain('single')
  })

  test('a new serial does not wait for serials overdue since an outage, asked before or not', async ({ scene }) => {
    await registerMany(scene, 'asked', 100)
    await scene.poll(WAITING)
    await registerMany(scene, 'never', 100)
    await scene.advance(HOUR)
    await scene.register({ idcardid: 'new' })
    expect(await ask(scene, 2)).toContain('new')
  })

  test('overdue serials do not wait for ever while new ones keep coming', async ({ scene }) => {
    await registerMany(scene, 'old', 2)
    await scene.poll(WAITING)
    await registerMany(scene, 'never', 2)
    await scene.advance(MINUTE)
    const asked: string[] = []
    for (let n = 0; n < 32; n++) {
      await registerMany(scene, `new-${n}`, 3)
      asked.push(...(await ask(scene, 1)))
    }
    for (const serial of ['old-0', 'old-1', 'never-0', 'never-1']) expect(asked).toContain(serial)
  })

  test('a queue of one partner delays another partner by no more than its own calls', async ({ scene }) => {
    await registerMany(scene, 'queued', 100)
    await ask(scene, 3)
    const partnerId = await scene.addPartner()
    await scene.register({ idcardid: 'other', partnerId })
    expect(await ask(scene, 2)).toContain('other')
  })

  test('one that is due says how many calls go before it, and when it is asked itself', async ({ open }) => {
    await using scene = await openStoreFixture(open, { rate: 5 })
    await registerMany(scene, 'batch', 20, true)
    const { id } = await scene.register({ isBatch: true })
    const explained = await scene.store.explain(scene.partnerId, id)
    expect(explained?.queue).toEqual({ before: 20, isAtLeast: false, rate: 5, at: scene.store.now() + 4 * SECOND })
    await scene.advance(SECOND)
    await ask(scene, 1)
    expect((await scene.store.explain(scene.partnerId, id))?.queue?.before).toBe(19)
  })

  test('shares its rate with the partners that wait, of which so many are counted, and then says so', {
    timeout: 60_000,
  }, async ({ open }) => {
    await using scene = await openStoreFixture(open, { rate: 6_000 })
    const { store, partnerId } = scene
    const wait = async (count: number) => {
      const ids = await scene.addPartners(count)
      await store.register(ids.map(id => scene.newRegistration({ partnerId: id, idcardid: scene.newId('s') })))
      return ids
    }
    const forecast = async () => (await store.statusOf(partnerId, null)).queue
    await scene.register()
    const [one = ''] = await wait(MAX_PARTNERS - 1)
    expect(await forecast()).toMatchObject({ before: 1, isAtLeast: false, rate: 30 })
    await store.changePartner(one, { disabled: true })
    expect(await forecast()).toMatchObject({ isAtLeast: false, rate: 6_000 / 199 })
    await wait(10)
    expect(await forecast()).toMatchObject({ before: 1, isAtLeast: true, rate: 30 })
  })

  test('a status counts the calls before the next registration, and the messages of the last hour', async ({
    scene,
  }) => {
    const { store, partnerId } = scene
    await scene.resolve()
    await scene.deliver(204)
    await scene.resolve()
    await registerMany(scene, 'asked', 10)
    await scene.poll(WAITING)
    await scene.advance(MINUTE)
    const { id } = await scene.register()
    await store.nudge(partnerId, id)
    const status = await store.statusOf(partnerId, null)
    expect(status).toMatchObject({
      account: { id: scene.account.id, pausedAt: null },
      queue: { before: 2, rate: 1_000 },
      messages: { since: store.now() - HOUR, delivered: 1, pending: 1, exhausted: 0 },
    })
    await scene.advance(2 * HOUR)
    expect((await store.statusOf(partnerId, null)).messages).toMatchObject({ delivered: 0, pending: 0 })
    expect((await store.statusOf(await scene.addPartner(), null)).messages).toMatchObject({ delivered: 0, pending: 0 })
  })
}
