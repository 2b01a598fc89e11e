import { expect } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { Contact } from '../../../src/core/operator-channel.ts'
import type { ClaimedContact } from '../../../src/store/partners/contacts.ts'
import { first, HOOK, type StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const CONTACT: Contact = { url: 'https://partner.example/contact?key=secret', secret: null, language: 'zh' }

/** The partner has a contact, and one of its URLs fails twice within a minute. */
const failTwice = async (scene: StoreFixture) => {
  await scene.store.putContact(scene.partnerId, CONTACT)
  const since = scene.store.now()
  const { id } = await scene.resolve()
  await scene.deliver(503)
  await scene.advance(MINUTE)
  await scene.deliver(503)
  return { since, id }
}
const claim = ({ store }: StoreFixture, limit = 5) => store.claimContacts(limit)
const told = async ({ store }: StoreFixture, { partnerId, lease, news }: ClaimedContact) => {
  const at = store.now()
  await store.settleContact({ partnerId, lease, dueAt: at, reports: news })
}
/** What the partner is told now. */
const tell = async (scene: StoreFixture) => {
  const claimed = await claim(scene)
  for (const one of claimed) await told(scene, one)
  return claimed.flatMap(({ news }) => news)
}
/** Has the URL fail until it is disabled. */
const disable = async (scene: StoreFixture, id: string) => {
  for (let n = 0; n < 10; n++) {
    await scene.advance(12 * HOUR)
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(503)
  }
}

export const describeContacts = (test: StoreTest): void => {
  test('a contact is notified once when a URL has only failed for 30 minutes, and once when it is over', async ({
    scene,
  }) => {
    const { since, id } = await failTwice(scene)
    await scene.advance(28 * MINUTE)
    expect(await claim(scene)).toEqual([])
    await scene.advance(MINUTE)
    const [claimed] = await claim(scene)
    const news = { callbackUrl: HOOK, since, heldSince: null, lastError: 'http_503', isOver: false }
    expect(claimed).toEqual({
      ...{ ...CONTACT, partnerId: scene.partnerId, lease: expect.any(Number) },
      news: [news],
    })
    expect(await claim(scene)).toEqual([])
    await told(scene, claimed as ClaimedContact)
    await scene.advance(HOUR)
    await scene.deliver(500)
    expect(await claim(scene)).toEqual([])
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(200)
    expect(await tell(scene)).toEqual([{ ...news, lastError: '', isOver: true }])
    expect(await claim(scene)).toEqual([])
    expect(await scene.store.findContact(scene.partnerId)).toEqual(CONTACT)
  })

  test('one failed attempt, or a recovery before the notice, is no news', async ({ scene }) => {
    const { id } = await failTwice(scene)
    await scene.resolve({ callbackUrl: `${HOOK}/once` })
    expect(await scene.deliver(500)).toBe(1)
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(200)
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(500)
    await scene.advance(HOUR - 2 * MINUTE)
    expect(await claim(scene)).toEqual([])
  })

  test('a URL with no attempt for two days is no news', async ({ scene }) => {
    await failTwice(scene)
    await scene.advance(2 * DAY - 2 * MINUTE)
    expect(await claim(scene)).toHaveLength(1)
    await scene.advance(2 * MINUTE)
    expect(await claim(scene)).toEqual([])
  })

  test('a notice whose node ended before settling is sent again, by one node only', async ({ scene }) => {
    await failTwice(scene)
    await scene.advance(HOUR)
    const [both] = [await Promise.all([claim(scene), claim(scene)])]
    const [lost] = both.flat()
    expect(both.flat()).toHaveLength(1)
    await scene.advance(2 * MINUTE)
    const [again] = await claim(scene)
    expect(again).toEqual({ ...lost, lease: expect.any(Number) })
    await told(scene, lost as ClaimedContact)
    await scene.advance(2 * MINUTE)
    expect(await claim(scene)).toMatchObject([{ news: again?.news }])
  })

  test('it is notified of a URL disabled by failures, a 410 or an operator, and of the end of the hold', async ({
    scene,
  }) => {
    const failing = await failTwice(scene)
    await disable(scene, failing.id)
    const { heldSince } = first(await tell(scene))
    expect(heldSince).toBe(scene.store.now())
    const { id } = await scene.resolve({ callbackUrl: `${HOOK}/gone` })
    await scene.deliver(410)
    const gone = { callbackUrl: `${HOOK}/gone`, lastError: 'http_410', isOver: false }
    expect(await tell(scene)).toMatchObject([gone])
    await scene.store.disableCallback({ partnerId: scene.partnerId, callbackUrl: `${HOOK}/good` })
    expect(await tell(scene)).toMatchObject([{ callbackUrl: `${HOOK}/good`, lastError: 'operator', isOver: false }])
    // It is held no more, whatever comes of it now; and held again later, it is told anew.
    await scene.store.enableCallback({ partnerId: scene.partnerId, callbackUrl: `${HOOK}/gone` }, 'test')
    expect(await tell(scene)).toMatchObject([{ callbackUrl: `${HOOK}/gone`, isOver: true }])
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(410)
    expect(await tell(scene)).toMatchObject([gone])
  })

  test('held again before its end was sent, is sent anew', async ({ scene, store, partnerId }) => {
    await failTwice(scene)
    const { id } = await scene.resolve({ callbackUrl: `${HOOK}/gone` })
    await scene.deliver(410)
    await tell(scene)
    await scene.advance(MINUTE)
    await store.enableCallback({ partnerId, callbackUrl: `${HOOK}/gone` }, 'test')
    await store.resend(partnerId, id)
    await scene.deliver(410)
    expect(await tell(scene)).toMatchObject([{ heldSince: store.now(), isOver: false }])
  })

  test('a contact that comes in the place of another learns all when its notice was due, and the same URL nothing twice', async ({
    scene,
  }) => {
    await failTwice(scene)
    const { store, partnerId } = scene
    await scene.advance(HOUR)
    const [before] = await claim(scene)
    await store.putContact(partnerId, { ...CONTACT, url: 'https://elsewhere.example/', secret: 'x' })
    await told(scene, before as ClaimedContact)
    expect(await claim(scene)).toEqual([])
    await scene.advance(2 * MINUTE)
    expect(await claim(scene)).toEqual([])
    await scene.advance(1)
    expect(await tell(scene)).toHaveLength(1)
    await store.putContact(partnerId, { ...CONTACT, url: 'https://elsewhere.example/' })
    expect(await store.findContact(partnerId)).toMatchObject({ secret: null })
    await scene.advance(1)
    expect(await claim(scene)).toEqual([])
    await store.putContact(partnerId, { ...CONTACT, url: 'https://third.example/' })
    await scene.advance(1)
    expect(await tell(scene)).toHaveLength(1)
    await store.putContact(partnerId, null)
    expect(await store.findContact(partnerId)).toBeNull()
    await store.putContact(partnerId, CONTACT)
    expect(await tell(scene)).toEqual([])
    await scene.advance(MINUTE)
    expect(await tell(scene)).toHaveLength(1)
  })

  test('no notice goes to a disabled partner, nor to anybody while deliveries are held', async ({ scene }) => {
    await failTwice(scene)
    const other = await scene.addPartner()
    await scene.store.putContact(other, CONTACT)
    await scene.advance(HOUR)
    await scene.store.changePartner(scene.partnerId, { disabled: true })
    expect(await claim(scene)).toEqual([])
    await scene.store.changePartner(scene.partnerId, { disabled: false })
    await scene.store.holdDeliveries()
    expect(await claim(scene)).toEqual([])
    await scene.store.resumeDeliveries()
    expect(await claim(scene, 0)).toEqual([])
    expect(await claim(scene)).toMatchObject([{ partnerId: scene.partnerId }])
  })

  test('a postponed notice is due then, or when the clock was set back', async ({ scene, store }) => {
    await failTwice(scene)
    await scene.advance(HOUR)
    const [claimed] = await claim(scene)
    const { partnerId, lease } = claimed as ClaimedContact
    const dueAt = store.now() + HOUR
    await store.settleContact({ partnerId, lease, dueAt, reports: [] })
    expect(await claim(scene)).toEqual([])
    await scene.advance(-20 * MINUTE)
    expect(await claim(scene)).toMatchObject([{ partnerId }])
  })

  test('a URL that nothing is sent to any more is erased without a word', async ({ scene, store, partnerId }) => {
    await failTwice(scene)
    await scene.advance(HOUR)
    expect(await tell(scene)).toHaveLength(1)
    await scene.advance(40 * DAY)
    await scene.prune(30 * DAY)
    expect(await store.statusOf(partnerId, null)).toMatchObject({ callbacks: [] })
    expect(await claim(scene)).toEqual([])
  })
}
