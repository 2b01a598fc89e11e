import { ulid } from 'ulid'
import { expect, test } from 'vitest'
import { DAY, HOUR, SECOND } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS, type RegistrationFilter } from '../../../src/store/registrations/filter.ts'
import type { NewRegistration } from '../../../src/store/registrations/registering.ts'
import { FAIL, type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** Ids are made at the store's time, as the service makes them. */
const newAt = async (bench: StoreFixture, more: Partial<NewRegistration> = {}) =>
  bench.register({ id: `reg_${ulid(bench.store.now())}`, ...more })
const search = async ({ store }: StoreFixture, filter: Partial<RegistrationFilter>, limit = 50) =>
  (
    await store.searchRegistrations({ filter: { ...ALL_REGISTRATIONS, ...filter }, act: null, limit, before: null })
  ).found.map(({ id }) => id)

/** A second apart: delivered, given up, failing, without a verdict yet, cancelled, and another partner's. */
const populate = async (bench: StoreFixture) => {
  const { store, partnerId } = bench
  const other = await bench.addPartner('other')
  const made = async (more: Partial<NewRegistration> = {}) => {
    await bench.advance(SECOND)
    return (await newAt(bench, more)).id
  }
  const delivered = await made()
  await bench.poll(FAIL)
  await bench.deliver(200)
  const exhausted = await made({ callbackUrl: 'https://gone.example:8443/hook' })
  await bench.poll(FAIL)
  await bench.deliver(410)
  const failing = await made({ callbackUrl: 'https://slow.example/hook' })
  await bench.poll(FAIL)
  await bench.deliver(null)
  const theirs = await made({ partnerId: other, callbackUrl: 'https://slow.example/hook' })
  await bench.poll(FAIL)
  await bench.deliver(503)
  const cancelled = await made()
  await store.cancel(partnerId, cancelled, 'erase')
  const pending = await made({ idcardid: 'the-serial' })
  return { delivered, exhausted, failing, theirs, cancelled, pending, other }
}

export const describeSearching = (open: OpenStore): void => {
  test('finds the newest first, over all partners, page by page', async () => {
    await using bench = await openStoreFixture(open)
    const { delivered, exhausted, failing, theirs, cancelled, pending } = await populate(bench)
    const all = [pending, cancelled, theirs, failing, exhausted, delivered]
    expect(await search(bench, {})).toEqual(all)
    const page = (before: string | null) =>
      bench.store.searchRegistrations({ filter: ALL_REGISTRATIONS, act: null, limit: 4, before })
    const first = await page(null)
    expect([first.found.map(({ id }) => id), first.next]).toEqual([all.slice(0, 4), failing])
    const rest = await page(first.next)
    expect([rest.found.map(({ id }) => id), rest.next]).toEqual([all.slice(4), null])
  })

  test('finds by each of what a filter names, and by several at once', async () => {
    await using bench = await openStoreFixture(open)
    const { delivered, exhausted, failing, theirs, cancelled, pending, other } = await populate(bench)
    const { partnerId, account } = bench
    expect(await search(bench, { partnerId })).toEqual([pending, cancelled, failing, exhausted, delivered])
    expect(await search(bench, { partnerId: other })).toEqual([theirs])
    expect(await search(bench, { partnerId: 'partner_nobody' })).toEqual([])
    expect(await search(bench, { idcardid: 'the-serial' })).toEqual([pending])
    expect(await search(bench, { idcardid: 'the-serial', partnerId: other })).toEqual([])
    expect(await search(bench, { accountId: account.id })).toHaveLength(6)
    expect(await search(bench, { accountId: 'acc_none' })).toEqual([])
    expect(await search(bench, { status: 'failed' })).toEqual([theirs, failing, exhausted, delivered])
    expect(await search(bench, { status: 'failed', partnerId })).toEqual([failing, exhausted, delivered])
    expect(await search(bench, { status: 'cancelled' })).toEqual([cancelled])
    expect(await search(bench, { reason: 'expired' })).toEqual([])
    expect(await search(bench, { delivery: 'delivered' })).toEqual([delivered])
    expect(await search(bench, { delivery: 'exhausted' })).toEqual([exhausted])
    expect(await search(bench, { delivery: 'exhausted', status: 'failed' })).toEqual([exhausted])
    expect(await search(bench, { delivery: 'pending' })).toEqual([theirs, failing])
    expect(await search(bench, { delivery: 'pending', partnerId: other })).toEqual([theirs])
    expect(await search(bench, { delivery: 'pending', status: 'failed' })).toEqual([theirs, failing])
    expect(await search(bench, { host: 'gone.example:8443' })).toEqual([exhausted])
    expect(await search(bench, { host: 'gone.example' })).toEqual([])
    expect(await search(bench, { failing: true })).toEqual([theirs, failing, exhausted])
    expect(await search(bench, { failing: true, partnerId, delivery: 'pending' })).toEqual([failing])
    expect(await search(bench, { error: 'http_503' })).toEqual([theirs])
    expect(await search(bench, { error: 'no_response', host: 'slow.example' })).toEqual([failing])
    expect(await search(bench, { error: 'no_response', partnerId: other })).toEqual([])
  })

  test('finds a serial of all partners by what upstream may take for it, and for an act or a partner exactly', async () => {
    await using bench = await openStoreFixture(open)
    const number = (await bench.register({ idcardid: '20261203' })).id
    const others = []
    for (let n = 0; n < 12; n++) others.push((await bench.register({ idcardid: `20261203-${n}` })).id)
    const found = await search(bench, { idcardid: '020261203' })
    expect([found.length, found.at(-1)]).toEqual([11, number])
    expect(await search(bench, { idcardid: '20261203-11' })).toContain(others[11])
    expect(await search(bench, { idcardid: '20261204' })).toEqual([])
    expect(await search(bench, { idcardid: '020261203', partnerId: bench.partnerId })).toEqual([])
    const filter = { ...ALL_REGISTRATIONS, idcardid: '020261203' }
    const count = (act: 'cancel' | null) => bench.store.countRegistrations({ filter, act })
    expect([(await count(null)).count, (await count('cancel')).count]).toEqual([11, 0])
  })

  test('finds by the time of creation, to the ms', async () => {
    await using bench = await openStoreFixture(open)
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      ids.unshift((await newAt(bench)).id)
      await bench.advance(DAY)
    }
    const times = (
      await bench.store.searchRegistrations({ filter: ALL_REGISTRATIONS, act: null, limit: 9, before: null })
    ).found
    const since = times[1]?.createdAt ?? 0
    expect(await search(bench, { since })).toEqual(ids.slice(0, 2))
    expect(await search(bench, { since: since + 1 })).toEqual(ids.slice(0, 1))
    expect(await search(bench, { until: since })).toEqual(ids.slice(1))
    expect(await search(bench, { until: since - 1 })).toEqual(ids.slice(2))
    expect(await search(bench, { since, until: since })).toEqual([ids[1]])
    expect(await search(bench, { since: since + HOUR, until: since - HOUR })).toEqual([])
  })

  test('shows what is known of each, and of its webhook', async () => {
    await using bench = await openStoreFixture(open)
    const { failing, pending } = await populate(bench)
    const { found } = await bench.store.searchRegistrations({
      filter: { ...ALL_REGISTRATIONS, partnerId: bench.partnerId },
      act: null,
      limit: 10,
      before: null,
    })
    expect(found.find(({ id }) => id === pending)).toMatchObject({
      partnerId: bench.partnerId,
      accountId: bench.account.id,
      idcardid: 'the-serial',
      callbackUrl: 'https://partner.example/hook',
      status: 'pending',
      reason: null,
      resolvedAt: null,
      message: null,
    })
    expect(found.find(({ id }) => id === failing)?.message).toMatchObject({
      state: 'pending',
      attempts: 1,
      claimedAt: null,
      dueAt: expect.any(Number),
      lastAttempt: { outcome: 'failed', httpStatus: null, error: 'no_response', at: expect.any(Number) },
    })
  })

  test('finds for an act only that to which it can be done, and counts the same', async () => {
    await using bench = await openStoreFixture(open)
    const { delivered, exhausted, failing, theirs, pending } = await populate(bench)
    const wanted = async (act: 'resend' | 'cancel' | 'poll', filter: Partial<RegistrationFilter> = {}) => {
      const asked = { filter: { ...ALL_REGISTRATIONS, ...filter }, act }
      const { found } = await bench.store.searchRegistrations({ ...asked, limit: 50, before: null })
      expect(await bench.store.countRegistrations(asked)).toMatchObject({ count: found.length, isCapped: false })
      return found.map(({ id }) => id)
    }
    expect(await wanted('resend')).toEqual([theirs, failing, exhausted, delivered])
    expect(await wanted('resend', { delivery: 'exhausted' })).toEqual([exhausted])
    expect(await wanted('cancel')).toEqual([pending])
    expect(await wanted('poll')).toEqual([pending])
  })

  test('groups open failures by host and error, the largest first', async () => {
    await using bench = await openStoreFixture(open)
    expect(await bench.store.groupFailures()).toEqual({ groups: [], isCapped: false })
    await populate(bench)
    await newAt(bench, { callbackUrl: 'https://slow.example/other' })
    await bench.poll(FAIL)
    await bench.deliver(503)
    const { groups } = await bench.store.groupFailures()
    expect(
      groups.map(({ host, error, count, pending, exhausted, partners }) => [
        host,
        error,
        count,
        pending,
        exhausted,
        partners,
      ]),
    ).toEqual([
      ['slow.example', 'http_503', 2, 2, 0, 2],
      ['gone.example:8443', 'http_410', 1, 0, 1, 1],
      ['partner.example', 'http_503', 1, 1, 0, 1],
      ['slow.example', 'no_response', 1, 1, 0, 1],
    ])
    // What is held is tried no more.
    await newAt(bench, { callbackUrl: 'https://slow.example/other' })
    await bench.poll(FAIL)
    await bench.deliver(410)
    await bench.advance(HOUR)
    await bench.claimMessagesWith()
    const [largest] = (await bench.store.groupFailures()).groups
    expect(largest).toMatchObject({ host: 'slow.example', error: 'http_503', count: 2, pending: 1, exhausted: 0 })
  })
}
