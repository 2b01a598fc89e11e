import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { RELEASED_TOGETHER } from '../../../src/store/callbacks/rows.ts'
import { first, HOOK, type OpenStore, openStoreFixture, SUCCESS } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** One registration whose message was answered 410, and another for the same URL. */
const openGone = async (open: OpenStore) => {
  const bench = await openStoreFixture(open)
  const gone = await bench.resolve()
  await bench.deliver(410)
  return { bench, gone }
}
/** Another message for the URL, which is registered before and resolved after it was held. */
const openHeld = async (open: OpenStore) => {
  const bench = await openStoreFixture(open)
  const gone = await bench.resolve()
  const held = await bench.register()
  await bench.deliver(410)
  await bench.advance(MINUTE)
  await bench.poll({
    kind: 'verdict',
    code: 2,
    verdict: { status: 'FAIL', message: null, livingScore: null, similarity: null },
  })
  expect(await bench.claimMessages()).toEqual([])
  return { bench, gone, held }
}
const sent = async (bench: StoreFixture) => (await bench.claimMessages()).map(message => message.registrationId)

export const describeGoneCallbacks = (open: OpenStore): void => {
  test('has that message exhausted at once', async () => {
    const { bench, gone } = await openGone(open)
    await using _ = bench
    expect((await bench.find(gone.id)).delivery).toMatchObject({ state: 'exhausted', attempts: 1, nextAttemptAt: null })
    await bench.advance(24 * HOUR)
    expect(await bench.claimMessages()).toEqual([])
  })

  test('has the others pending and held, and says since when', async () => {
    const { bench, gone, held } = await openHeld(open)
    await using _ = bench
    expect((await bench.find(held.id)).delivery).toMatchObject({ state: 'pending', nextAttemptAt: null })
    expect((await bench.store.explain(bench.partnerId, held.id))?.heldSince).toBe(bench.store.now() - MINUTE)
    expect((await bench.store.explain(bench.partnerId, gone.id))?.heldSince).toBeNull()
    await bench.advance(24 * HOUR)
    expect((await bench.claimMessagesWith()).nextAt).toBeNull()
  })

  test('disabled by an operator, sends nothing until one enables it, whatever its partner and its receiver do', async () => {
    await using bench = await openStoreFixture(open)
    const [url, other] = [{ partnerId: bench.partnerId, callbackUrl: HOOK }, await bench.resolve()]
    const [inFlight] = await bench.claimMessages()
    const held = await bench.resolve()
    expect(await bench.store.disableCallback(url)).toBe(true)
    expect(await bench.store.disableCallback(url)).toBe(false)
    if (inFlight) await bench.store.settleMessages([bench.received(inFlight, 200)])
    expect((await bench.find(other.id)).delivery?.state).toBe('delivered')
    await bench.register()
    await bench.store.resend(bench.partnerId, held.id)
    expect(await bench.store.enableCallback(url, 'test')).toBe(false)
    expect(await sent(bench)).toEqual([])
    expect(await bench.store.explain(bench.partnerId, held.id)).toMatchObject({ heldBecause: 'operator' })
    const { found } = await bench.store.listCallbacks(null, { after: null, limit: 10 })
    expect(found).toMatchObject([{ ...url, state: 'disabled', lastError: 'operator', held: 1 }])
    expect(await bench.store.enableCallback(url, 'operator')).toBe(true)
    expect(await sent(bench)).toEqual([held.id])
  })

  test('goes on, with all that was held, when the URL is registered again', async () => {
    const { bench, held } = await openHeld(open)
    await using _ = bench
    let rung = 0
    bench.store.hints.on('messagesDue', () => rung++)
    await bench.register()
    expect(rung).toBeGreaterThan(0)
    expect(await sent(bench)).toEqual([held.id])
    expect((await bench.store.explain(bench.partnerId, held.id))?.heldSince).toBeNull()
  })

  test('sends a message that is resent alone: a failure changes nothing for the others, and its 2xx lets them go on', async () => {
    const { bench, gone, held } = await openHeld(open)
    await using _ = bench
    const state = async (id: string) => (await bench.find(id)).delivery
    for (const status of [410, 500]) {
      await bench.store.resend(bench.partnerId, gone.id)
      expect((await bench.store.explain(bench.partnerId, gone.id))?.heldSince).toBeNull()
      expect(await bench.deliver(status)).toBe(1)
      await bench.advance(MINUTE)
      expect(await sent(bench)).toEqual([])
    }
    expect(await state(gone.id)).toMatchObject({ state: 'pending', attempts: 3, nextAttemptAt: null })
    expect(await state(held.id)).toMatchObject({ state: 'pending', attempts: 0, nextAttemptAt: null })
    await bench.store.resend(bench.partnerId, gone.id)
    expect(await bench.deliver(200)).toBe(1)
    expect(await sent(bench)).toEqual([held.id])
  })

  test('holds a message that was resent before, and one in flight then releases nothing', async () => {
    await using bench = await openStoreFixture(open)
    for (let n = 0; n < 3; n++) await bench.store.resend(bench.partnerId, (await bench.resolve()).id)
    const [one, two] = await bench.claimMessages({ slots: 2 })
    if (!one || !two) throw new Error('two were due')
    await bench.advance(1)
    await bench.store.settleMessages([bench.received(one, 410), bench.received(two, 200)])
    await bench.advance(MINUTE)
    expect(await sent(bench)).toEqual([])
  })

  test('does not stand before others of its host, however much it holds', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    for (let i = 0; i < 10; i++) await bench.resolve()
    const message = first(await bench.claimMessages({ slots: 1 }))
    await bench.store.settleMessages([bench.received(message, 410)])
    await bench.advance(1)
    const sibling = await bench.resolve({ callbackUrl: `${HOOK}/2` })
    expect((await bench.claimMessages({ slots: 1 })).map(one => one.registrationId)).toEqual([sibling.id])
  })

  test('of a URL for which very many are held ends bit by bit, in turns with other URLs, and all of them go out', {
    timeout: 60_000,
  }, async () => {
    await using bench = await openStoreFixture(open)
    const held = RELEASED_TOGETHER + 100
    const callbackUrl = 'https://second.example/hook'
    const gone = [await bench.resolve(), await bench.resolve({ callbackUrl })]
    await bench.store.register(Array.from({ length: held }, () => bench.newRegistration()))
    const second = await bench.register({ callbackUrl })
    expect(await bench.deliver(410)).toBe(2)
    while ((await bench.poll(SUCCESS)) > 0) await bench.advance(100)
    while ((await bench.claimMessagesWith()).nextAt !== null) await bench.advance(100)
    for (const { id } of gone) expect(await bench.store.resend(bench.partnerId, id)).toBe('resent')
    const delivered = new Map<string, number>()
    let claims = 0
    for (let next: number | null = bench.store.now(); next !== null; ) {
      await bench.advance(Math.max(0, next - bench.store.now()))
      const claimed = await bench.claimMessagesWith()
      claims++
      await bench.store.settleMessages(claimed.messages.map(message => bench.received(message, 200)))
      for (const { registrationId } of claimed.messages) delivered.set(registrationId, claims)
      next = claimed.nextAt
    }
    expect(delivered.size).toBe(held + 3)
    expect(delivered.get(second.id)).toBe(3)
  })

  test('holds neither other URLs of its host nor the same URL of another partner', async () => {
    const { bench } = await openGone(open)
    await using _ = bench
    const sibling = await bench.resolve({ callbackUrl: `${HOOK}/2` })
    const theirs = await bench.resolve({ partnerId: await bench.addPartner() })
    expect((await sent(bench)).sort()).toEqual([sibling.id, theirs.id].sort())
  })

  test('also holds a message that was in flight and failed', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    await bench.resolve()
    const [one, two] = await bench.claimMessages()
    if (!one || !two) throw new Error('two were due')
    await bench.store.settleMessages([bench.received(one, 410), bench.received(two, 500)])
    await bench.advance(MINUTE)
    expect(await bench.claimMessages()).toEqual([])
    await bench.register()
    expect(await sent(bench)).toEqual([two.registrationId])
  })
}
