import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { Contact } from '../../../src/core/operator-channel.ts'
import type { ClaimedContact } from '../../../src/store/partners/contacts.ts'
import { first, HOOK, type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

const CONTACT: Contact = { url: 'https://partner.example/contact?key=secret', secret: null, language: 'zh' }

/** A partner with a contact, one of whose URLs has failed twice within a minute. */
const openFailing = async (open: OpenStore) => {
  const bench = await openStoreFixture(open)
  await bench.store.putContact(bench.partnerId, CONTACT)
  const since = bench.store.now()
  const { id } = await bench.resolve()
  await bench.deliver(503)
  await bench.advance(MINUTE)
  await bench.deliver(503)
  return { ...bench, bench, since, id }
}
const claim = ({ store }: StoreFixture, limit = 5) => store.claimContacts(limit)
const told = async ({ store }: StoreFixture, { partnerId, lease, news }: ClaimedContact) => {
  const at = store.now()
  await store.settleContact({ partnerId, lease, dueAt: at, reports: news })
}
/** What the partner is told now. */
const tell = async (bench: StoreFixture) => {
  const claimed = await claim(bench)
  for (const one of claimed) await told(bench, one)
  return claimed.flatMap(({ news }) => news)
}
/** Has the URL fail until it is disabled. */
const disable = async (bench: StoreFixture, id: string) => {
  for (let n = 0; n < 10; n++) {
    await bench.advance(12 * HOUR)
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(503)
  }
}

export const describeContacts = (open: OpenStore): void => {
  test('a contact is told once when a URL has only failed for 30 minutes, and once that this is over', async () => {
    await using bench = await openFailing(open)
    const { since, id } = bench
    await bench.advance(28 * MINUTE)
    expect(await claim(bench)).toEqual([])
    await bench.advance(MINUTE)
    const [claimed] = await claim(bench)
    const news = { callbackUrl: HOOK, since, heldSince: null, lastError: 'http_503', isOver: false }
    expect(claimed).toEqual({
      ...{ ...CONTACT, partnerId: bench.partnerId, lease: expect.any(Number) },
      news: [news],
    })
    expect(await claim(bench)).toEqual([])
    await told(bench, claimed as ClaimedContact)
    await bench.advance(HOUR)
    await bench.deliver(500)
    expect(await claim(bench)).toEqual([])
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(200)
    expect(await tell(bench)).toEqual([{ ...news, lastError: '', isOver: true }])
    expect(await claim(bench)).toEqual([])
    expect(await bench.store.findContact(bench.partnerId)).toEqual(CONTACT)
  })

  test('one failed attempt, and what worked again before it was told, are no news', async () => {
    await using bench = await openFailing(open)
    await bench.resolve({ callbackUrl: `${HOOK}/once` })
    expect(await bench.deliver(500)).toBe(1)
    await bench.store.resend(bench.partnerId, bench.id)
    await bench.deliver(200)
    await bench.store.resend(bench.partnerId, bench.id)
    await bench.deliver(500)
    await bench.advance(HOUR - 2 * MINUTE)
    expect(await claim(bench)).toEqual([])
  })

  test('a URL with no attempt for two days is no news', async () => {
    await using bench = await openFailing(open)
    await bench.advance(2 * DAY - 2 * MINUTE)
    expect(await claim(bench)).toHaveLength(1)
    await bench.advance(2 * MINUTE)
    expect(await claim(bench)).toEqual([])
  })

  test('what ended its node before it was settled is told again, and by one node only', async () => {
    await using bench = await openFailing(open)
    await bench.advance(HOUR)
    const [both] = [await Promise.all([claim(bench), claim(bench)])]
    const [lost] = both.flat()
    expect(both.flat()).toHaveLength(1)
    await bench.advance(2 * MINUTE)
    const [again] = await claim(bench)
    expect(again).toEqual({ ...lost, lease: expect.any(Number) })
    await told(bench, lost as ClaimedContact)
    await bench.advance(2 * MINUTE)
    expect(await claim(bench)).toMatchObject([{ news: again?.news }])
  })

  test('it is told that a URL is disabled, by failures, a 410 or an operator, and that it is held no more', async () => {
    await using bench = await openFailing(open)
    await disable(bench, bench.id)
    const { heldSince } = first(await tell(bench))
    expect(heldSince).toBe(bench.store.now())
    const { id } = await bench.resolve({ callbackUrl: `${HOOK}/gone` })
    await bench.deliver(410)
    const gone = { callbackUrl: `${HOOK}/gone`, lastError: 'http_410', isOver: false }
    expect(await tell(bench)).toMatchObject([gone])
    await bench.store.disableCallback({ partnerId: bench.partnerId, callbackUrl: `${HOOK}/good` })
    expect(await tell(bench)).toMatchObject([{ callbackUrl: `${HOOK}/good`, lastError: 'operator', isOver: false }])
    // It is held no more, whatever comes of it now; and held again later, it is told anew.
    await bench.store.enableCallback({ partnerId: bench.partnerId, callbackUrl: `${HOOK}/gone` }, 'test')
    expect(await tell(bench)).toMatchObject([{ callbackUrl: `${HOOK}/gone`, isOver: true }])
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(410)
    expect(await tell(bench)).toMatchObject([gone])
  })

  test('held again before the end was told, it is told anew', async () => {
    await using bench = await openFailing(open)
    const { id } = await bench.resolve({ callbackUrl: `${HOOK}/gone` })
    await bench.deliver(410)
    await tell(bench)
    await bench.advance(MINUTE)
    await bench.store.enableCallback({ partnerId: bench.partnerId, callbackUrl: `${HOOK}/gone` }, 'test')
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(410)
    expect(await tell(bench)).toMatchObject([{ heldSince: bench.store.now(), isOver: false }])
  })

  test('a contact that comes in the place of another learns all when its notice was due, and the same URL nothing twice', async () => {
    await using bench = await openFailing(open)
    const { store, partnerId } = bench
    await bench.advance(HOUR)
    const [before] = await claim(bench)
    await store.putContact(partnerId, { ...CONTACT, url: 'https://elsewhere.example/', secret: 'x' })
    await told(bench, before as ClaimedContact)
    expect(await claim(bench)).toEqual([])
    await bench.advance(2 * MINUTE)
    expect(await claim(bench)).toEqual([])
    await bench.advance(1)
    expect(await tell(bench)).toHaveLength(1)
    await store.putContact(partnerId, { ...CONTACT, url: 'https://elsewhere.example/' })
    expect(await store.findContact(partnerId)).toMatchObject({ secret: null })
    await bench.advance(1)
    expect(await claim(bench)).toEqual([])
    await store.putContact(partnerId, { ...CONTACT, url: 'https://third.example/' })
    await bench.advance(1)
    expect(await tell(bench)).toHaveLength(1)
    await store.putContact(partnerId, null)
    expect(await store.findContact(partnerId)).toBeNull()
    await store.putContact(partnerId, CONTACT)
    expect(await tell(bench)).toEqual([])
    await bench.advance(MINUTE)
    expect(await tell(bench)).toHaveLength(1)
  })

  test('a partner that is disabled is told nothing, nor is anybody while deliveries are held', async () => {
    await using bench = await openFailing(open)
    const other = await bench.addPartner()
    await bench.store.putContact(other, CONTACT)
    await bench.advance(HOUR)
    await bench.store.changePartner(bench.partnerId, { disabled: true })
    expect(await claim(bench)).toEqual([])
    await bench.store.changePartner(bench.partnerId, { disabled: false })
    await bench.store.holdDeliveries()
    expect(await claim(bench)).toEqual([])
    await bench.store.resumeDeliveries()
    expect(await claim(bench, 0)).toEqual([])
    expect(await claim(bench)).toMatchObject([{ partnerId: bench.partnerId }])
  })

  test('what is put off is claimed then, or when the clock was set back', async () => {
    await using bench = await openFailing(open)
    await bench.advance(HOUR)
    const [claimed] = await claim(bench)
    const { partnerId, lease } = claimed as ClaimedContact
    const dueAt = bench.store.now() + HOUR
    await bench.store.settleContact({ partnerId, lease, dueAt, reports: [] })
    expect(await claim(bench)).toEqual([])
    await bench.advance(-20 * MINUTE)
    expect(await claim(bench)).toMatchObject([{ partnerId }])
  })

  test('a URL that nothing is sent to any more is erased without a word', async () => {
    await using bench = await openFailing(open)
    await bench.advance(HOUR)
    expect(await tell(bench)).toHaveLength(1)
    await bench.advance(40 * DAY)
    await bench.prune(30 * DAY)
    expect(await bench.store.statusOf(bench.partnerId, null)).toMatchObject({ callbacks: [] })
    expect(await claim(bench)).toEqual([])
  })
}
