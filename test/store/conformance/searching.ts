import { ulid } from 'ulid'
import { expect } from 'vitest'
import { DAY, HOUR, SECOND } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS, type RegistrationFilter } from '../../../src/store/registrations/filter.ts'
import type { NewRegistration } from '../../../src/store/registrations/registering.ts'
import { FAIL, type StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** Ids are made at the store's time, as the service makes them. */
const newAt = async (scene: StoreFixture, more: Partial<NewRegistration> = {}) =>
  scene.register({ id: `reg_${ulid(scene.store.now())}`, ...more })
const search = async ({ store }: StoreFixture, filter: Partial<RegistrationFilter>, limit = 50) =>
  (
    await store.searchRegistrations({ filter: { ...ALL_REGISTRATIONS, ...filter }, act: null, limit, before: null })
  ).found.map(({ id }) => id)

/** A second apart: delivered, given up, failing, without a verdict yet, cancelled, and another partner's. */
const populate = async (scene: StoreFixture) => {
  const { store, partnerId } = scene
  const other = await scene.addPartner('other')
  const made = async (more: Partial<NewRegistration> = {}) => {
    await scene.advance(SECOND)
    return (await newAt(scene, more)).id
  }
  const delivered = await made()
  await scene.poll(FAIL)
  await scene.deliver(200)
  const exhausted = await made({ callbackUrl: 'https://gone.example:8443/hook' })
  await scene.poll(FAIL)
  await scene.deliver(410)
  const failing = await made({ callbackUrl: 'https://slow.example/hook' })
  await scene.poll(FAIL)
  await scene.deliver(null)
  const theirs = await made({ partnerId: other, callbackUrl: 'https://slow.example/hook' })
  await scene.poll(FAIL)
  await scene.deliver(503)
  const cancelled = await made()
  await store.cancel(partnerId, cancelled, 'erase')
  const pending = await made({ idcardid: 'the-serial' })
  return { delivered, exhausted, failing, theirs, cancelled, pending, other }
}

export const describeSearching = (test: StoreTest): void => {
  test('finds the newest first, over all partners, page by page', async ({ scene, store }) => {
    const { delivered, exhausted, failing, theirs, cancelled, pending } = await populate(scene)
    const all = [pending, cancelled, theirs, failing, exhausted, delivered]
    expect(await search(scene, {})).toEqual(all)
    const page = (before: string | null) =>
      store.searchRegistrations({ filter: ALL_REGISTRATIONS, act: null, limit: 4, before })
    const first = await page(null)
    expect([first.found.map(({ id }) => id), first.next]).toEqual([all.slice(0, 4), failing])
    const rest = await page(first.next)
    expect([rest.found.map(({ id }) => id), rest.next]).toEqual([all.slice(4), null])
  })

  test('finds by each field of a filter, and by several at once', async ({ scene }) => {
    const { delivered, exhausted, failing, theirs, cancelled, pending, other } = await populate(scene)
    const { partnerId, account } = scene
    expect(await search(scene, { partnerId })).toEqual([pending, cancelled, failing, exhausted, delivered])
    expect(await search(scene, { partnerId: other })).toEqual([theirs])
    expect(await search(scene, { partnerId: 'partner_nobody' })).toEqual([])
    expect(await search(scene, { idcardid: 'the-serial' })).toEqual([pending])
    expect(await search(scene, { idcardid: 'the-serial', partnerId: other })).toEqual([])
    expect(await search(scene, { accountId: account.id })).toHaveLength(6)
    expect(await search(scene, { accountId: 'acc_none' })).toEqual([])
    expect(await search(scene, { status: 'failed' })).toEqual([theirs, failing, exhausted, delivered])
    expect(await search(scene, { status: 'failed', partnerId })).toEqual([failing, exhausted, delivered])
    expect(await search(scene, { status: 'cancelled' })).toEqual([cancelled])
    expect(await search(scene, { reason: 'expired' })).toEqual([])
    expect(await search(scene, { delivery: 'delivered' })).toEqual([delivered])
    expect(await search(scene, { delivery: 'exhausted' })).toEqual([exhausted])
    expect(await search(scene, { delivery: 'exhausted', status: 'failed' })).toEqual([exhausted])
    expect(await search(scene, { delivery: 'pending' })).toEqual([theirs, failing])
    expect(await search(scene, { delivery: 'pending', partnerId: other })).toEqual([theirs])
    expect(await search(scene, { delivery: 'pending', status: 'failed' })).toEqual([theirs, failing])
    expect(await search(scene, { host: 'gone.example:8443' })).toEqual([exhausted])
    expect(await search(scene, { host: 'gone.example' })).toEqual([])
    expect(await search(scene, { failing: true })).toEqual([theirs, failing, exhausted])
    expect(await search(scene, { failing: true, partnerId, delivery: 'pending' })).toEqual([failing])
    expect(await search(scene, { error: 'http_503' })).toEqual([theirs])
    expect(await search(scene, { error: 'no_response', host: 'slow.example' })).toEqual([failing])
    expect(await search(scene, { error: 'no_response', partnerId: other })).toEqual([])
  })

  test('finds a serial of all partners by its upstream spellings, and for an act or a partner exactly', async ({
    scene,
  }) => {
    const number = (await scene.register({ idcardid: '20261203' })).id
    const others = []
    for (let n = 0; n < 12; n++) others.push((await scene.register({ idcardid: `20261203-${n}` })).id)
    const found = await search(scene, { idcardid: '020261203' })
    expect([found.length, found.at(-1)]).toEqual([11, number])
    expect(await search(scene, { idcardid: '20261203-11' })).toContain(others[11])
    expect(await search(scene, { idcardid: '20261204' })).toEqual([])
    expect(await search(scene, { idcardid: '020261203', partnerId: scene.partnerId })).toEqual([])
    const filter = { ...ALL_REGISTRATIONS, idcardid: '020261203' }
    const count = (act: 'cancel' | null) => scene.store.countRegistrations({ filter, act })
    expect([(await count(null)).count, (await count('cancel')).count]).toEqual([11, 0])
  })

  test('finds by the time of creation, to the ms', async ({ scene, store }) => {
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      ids.unshift((await newAt(scene)).id)
      await scene.advance(DAY)
    }
    const times = (await store.searchRegistrations({ filter: ALL_REGISTRATIONS, act: null, limit: 9, before: null }))
      .found
    const since = times[1]?.createdAt ?? 0
    expect(await search(scene, { since })).toEqual(ids.slice(0, 2))
    expect(await search(scene, { since: since + 1 })).toEqual(ids.slice(0, 1))
    expect(await search(scene, { until: since })).toEqual(ids.slice(1))
    expect(await search(scene, { until: since - 1 })).toEqual(ids.slice(2))
    expect(await search(scene, { since, until: since })).toEqual([ids[1]])
    expect(await search(scene, { since: since + HOUR, until: since - HOUR })).toEqual([])
  })

  test('shows all fields of each, and of its webhook', async ({ scene, store, partnerId }) => {
    const { failing, pending } = await populate(scene)
    const { found } = await store.searchRegistrations({
      filter: { ...ALL_REGISTRATIONS, partnerId },
      act: null,
      limit: 10,
      before: null,
    })
    expect(found.find(({ id }) => id === pending)).toMatchObject({
      partnerId,
      accountId: scene.account.id,
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

  test('finds for an act only that to which it can be done, and counts the same', async ({ scene, store }) => {
    const { delivered, exhausted, failing, theirs, pending } = await populate(scene)
    const wanted = async (act: 'resend' | 'cancel' | 'poll', filter: Partial<RegistrationFilter> = {}) => {
      const asked = { filter: { ...ALL_REGISTRATIONS, ...filter }, act }
      const { found } = await store.searchRegistrations({ ...asked, limit: 50, before: null })
      expect(await store.countRegistrations(asked)).toMatchObject({ count: found.length, isCapped: false })
      return found.map(({ id }) => id)
    }
    expect(await wanted('resend')).toEqual([theirs, failing, exhausted, delivered])
    expect(await wanted('resend', { delivery: 'exhausted' })).toEqual([exhausted])
    expect(await wanted('cancel')).toEqual([pending])
    expect(await wanted('poll')).toEqual([pending])
  })

  test('groups open failures by host and error, the largest first', async ({ scene, store }) => {
    expect(await store.groupFailures()).toEqual({ groups: [], isCapped: false })
    await populate(scene)
    await newAt(scene, { callbackUrl: 'https://slow.example/other' })
    await scene.poll(FAIL)
    await scene.deliver(503)
    const { groups } = await store.groupFailures()
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
    await newAt(scene, { callbackUrl: 'https://slow.example/other' })
    await scene.poll(FAIL)
    await scene.deliver(410)
    await scene.advance(HOUR)
    await scene.claimMessagesWith()
    const [largest] = (await store.groupFailures()).groups
    expect(largest).toMatchObject({ host: 'slow.example', error: 'http_503', count: 2, pending: 1, exhausted: 0 })
  })
}
