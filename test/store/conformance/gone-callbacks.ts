import { expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { RELEASED_TOGETHER } from '../../../src/store/callbacks/rows.ts'
import { FAIL, first, HOOK, type StoreFixture, SUCCESS } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** A message that is answered 410, and another for its URL, which is registered before and resolved after that is held. */
const holdAnother = async (scene: StoreFixture) => {
  const gone = await scene.resolve()
  const held = await scene.register()
  await scene.deliver(410)
  await scene.advance(MINUTE)
  await scene.poll(FAIL)
  expect(await scene.claimMessages()).toEqual([])
  return { gone, held }
}

export const describeGoneCallbacks = (test: StoreTest): void => {
  test('has that message exhausted at once', async ({ scene }) => {
    const gone = await scene.resolve()
    await scene.deliver(410)
    expect((await scene.find(gone.id)).delivery).toMatchObject({ state: 'exhausted', attempts: 1, nextAttemptAt: null })
    await scene.advance(24 * HOUR)
    expect(await scene.claimMessages()).toEqual([])
  })

  test('has the others pending and held, and says since when', async ({ scene, store, partnerId }) => {
    const { gone, held } = await holdAnother(scene)
    expect((await scene.find(held.id)).delivery).toMatchObject({ state: 'pending', nextAttemptAt: null })
    expect((await store.explain(partnerId, held.id))?.heldSince).toBe(store.now() - MINUTE)
    expect((await store.explain(partnerId, gone.id))?.heldSince).toBeNull()
    await scene.advance(24 * HOUR)
    expect((await scene.claimMessagesWith()).nextAt).toBeNull()
  })

  test('disabled by an operator, sends nothing until one enables it, despite its partner and its receiver', async ({
    scene,
  }) => {
    const [url, other] = [{ partnerId: scene.partnerId, callbackUrl: HOOK }, await scene.resolve()]
    const [inFlight] = await scene.claimMessages()
    const held = await scene.resolve()
    expect(await scene.store.disableCallback(url)).toBe(true)
    expect(await scene.store.disableCallback(url)).toBe(false)
    if (inFlight) await scene.store.settleMessages([scene.received(inFlight, 200)])
    expect((await scene.find(other.id)).delivery?.state).toBe('delivered')
    await scene.register()
    await scene.store.resend(scene.partnerId, held.id)
    expect(await scene.store.enableCallback(url, 'test')).toBe(false)
    expect(await scene.claimedIds()).toEqual([])
    expect(await scene.store.explain(scene.partnerId, held.id)).toMatchObject({ heldBecause: 'operator' })
    const { found } = await scene.store.listCallbacks(null, { after: null, limit: 10 })
    expect(found).toMatchObject([{ ...url, state: 'disabled', lastError: 'operator', held: 1 }])
    expect(await scene.store.enableCallback(url, 'operator')).toBe(true)
    expect(await scene.claimedIds()).toEqual([held.id])
  })

  test('goes on, with all that was held, when the URL is registered again', async ({ scene, store, partnerId }) => {
    const { held } = await holdAnother(scene)
    let rung = 0
    store.hints.on('messagesDue', () => rung++)
    await scene.register()
    expect(rung).toBeGreaterThan(0)
    expect(await scene.claimedIds()).toEqual([held.id])
    expect((await store.explain(partnerId, held.id))?.heldSince).toBeNull()
  })

  test('sends a message that is resent alone: a failure changes nothing for the others, and its 2xx lets them go on', async ({
    scene,
  }) => {
    const { gone, held } = await holdAnother(scene)
    const state = async (id: string) => (await scene.find(id)).delivery
    for (const status of [410, 500]) {
      await scene.store.resend(scene.partnerId, gone.id)
      expect((await scene.store.explain(scene.partnerId, gone.id))?.heldSince).toBeNull()
      expect(await scene.deliver(status)).toBe(1)
      await scene.advance(MINUTE)
      expect(await scene.claimedIds()).toEqual([])
    }
    expect(await state(gone.id)).toMatchObject({ state: 'pending', attempts: 3, nextAttemptAt: null })
    expect(await state(held.id)).toMatchObject({ state: 'pending', attempts: 0, nextAttemptAt: null })
    await scene.store.resend(scene.partnerId, gone.id)
    expect(await scene.deliver(200)).toBe(1)
    expect(await scene.claimedIds()).toEqual([held.id])
  })

  test('holds a message that was resent before, and one in flight then releases nothing', async ({ scene }) => {
    for (let n = 0; n < 3; n++) await scene.store.resend(scene.partnerId, (await scene.resolve()).id)
    const [one, two] = await scene.claimMessages({ slots: 2 })
    if (!one || !two) throw new Error('two were due')
    await scene.advance(1)
    await scene.store.settleMessages([scene.received(one, 410), scene.received(two, 200)])
    await scene.advance(MINUTE)
    expect(await scene.claimedIds()).toEqual([])
  })

  test('does not stand before others of its host, however much it holds', async ({ scene, store }) => {
    await scene.resolve()
    for (let i = 0; i < 10; i++) await scene.resolve()
    const message = first(await scene.claimMessages({ slots: 1 }))
    await store.settleMessages([scene.received(message, 410)])
    await scene.advance(1)
    const sibling = await scene.resolve({ callbackUrl: `${HOOK}/2` })
    expect((await scene.claimMessages({ slots: 1 })).map(one => one.registrationId)).toEqual([sibling.id])
  })

  test('of a URL for which very many are held ends bit by bit, in turns with other URLs, and all of them go out', {
    timeout: 60_000,
  }, async ({ scene, store, partnerId }) => {
    const held = RELEASED_TOGETHER + 100
    const callbackUrl = 'https://second.example/hook'
    const gone = [await scene.resolve(), await scene.resolve({ callbackUrl })]
    await store.register(Array.from({ length: held }, () => scene.newRegistration()))
    const second = await scene.register({ callbackUrl })
    expect(await scene.deliver(410)).toBe(2)
    while ((await scene.poll(SUCCESS)) > 0) await scene.advance(100)
    while ((await scene.claimMessagesWith()).nextAt !== null) await scene.advance(100)
    for (const { id } of gone) expect(await store.resend(partnerId, id)).toBe('resent')
    const delivered = new Map<string, number>()
    let claims = 0
    for (let next: number | null = store.now(); next !== null; ) {
      await scene.advance(Math.max(0, next - store.now()))
      const claimed = await scene.claimMessagesWith()
      claims++
      await store.settleMessages(claimed.messages.map(message => scene.received(message, 200)))
      for (const { registrationId } of claimed.messages) delivered.set(registrationId, claims)
      next = claimed.nextAt
    }
    expect(delivered.size).toBe(held + 3)
    expect(delivered.get(second.id)).toBe(3)
  })

  test('holds neither other URLs of its host nor the same URL of another partner', async ({ scene }) => {
    await scene.resolve()
    await scene.deliver(410)
    const sibling = await scene.resolve({ callbackUrl: `${HOOK}/2` })
    const theirs = await scene.resolve({ partnerId: await scene.addPartner() })
    expect((await scene.claimedIds()).sort()).toEqual([sibling.id, theirs.id].sort())
  })

  test('also holds a message that was in flight and failed', async ({ scene, store }) => {
    await scene.resolve()
    await scene.resolve()
    const [one, two] = await scene.claimMessages()
    if (!one || !two) throw new Error('two were due')
    await store.settleMessages([scene.received(one, 410), scene.received(two, 500)])
    await scene.advance(MINUTE)
    expect(await scene.claimMessages()).toEqual([])
    await scene.register()
    expect(await scene.claimedIds()).toEqual([two.registrationId])
  })
}
