import { expect } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { ChangedCallback } from '../../../src/store/callbacks/health.ts'
import { FAIL, first, HOOK, openStoreFixture, type StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** Has the message of a registration fail so often, so far apart. */
const fail = async (scene: StoreFixture, id: string, { times, apartMs }: { times: number; apartMs: number }) => {
  for (let n = 0; n < times; n++) {
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(503)
    await scene.advance(apartMs)
  }
}
const listen = (scene: StoreFixture) => {
  const changedUrls: ChangedCallback[] = []
  scene.store.hints.on('callbacksChanged', told => changedUrls.push(...told))
  return changedUrls
}
/** Has the URL disabled a minute ago. Held are the message that failed and so many others. */
const disable = async (scene: StoreFixture, held = 1) => {
  const since = scene.store.now()
  const failed = await scene.resolve()
  const waiting = await Promise.all(Array.from({ length: held }, () => scene.register()))
  // One attempt each 12 h: the eleventh comes after five days.
  await fail(scene, failed.id, { times: 10, apartMs: 12 * HOUR })
  const changedUrls = listen(scene)
  await fail(scene, failed.id, { times: 1, apartMs: MINUTE })
  await scene.poll(FAIL)
  await scene.claimMessages()
  return { failed, since, changedUrls, heldIds: [failed.id, ...waiting.map(({ id }) => id)] }
}
const url = (scene: StoreFixture) => ({ partnerId: scene.partnerId, callbackUrl: HOOK })
const callbacksOf = async (scene: StoreFixture) => (await scene.store.statusOf(scene.partnerId, null)).callbacks

export const describeFailingCallbacks = (test: StoreTest): void => {
  test('is disabled after five days of failures only, and says so', async ({ scene, store }) => {
    const { since, changedUrls } = await disable(scene, 2)
    expect(changedUrls).toEqual([{ ...url(scene), transition: 'disabled', failingSince: since, lastError: 'http_503' }])
    expect(await callbacksOf(scene)).toEqual([
      {
        ...{ ...url(scene), state: 'disabled', since, heldSince: store.now() - MINUTE },
        ...{ lastError: 'http_503', held: 3 },
      },
    ])
    expect((await store.stats()).callbacks).toEqual({ gone: 0, failing: 0, disabled: 1 })
    await scene.advance(30 * DAY)
    expect((await scene.claimMessagesWith()).nextAt).toBeNull()
  })

  test('is reported failing after an hour and ten attempts, once, and recovered by a success', async ({ scene }) => {
    const { id } = await scene.resolve()
    const changedUrls = listen(scene)
    await fail(scene, id, { times: 30, apartMs: 4 * MINUTE })
    expect(changedUrls.map(({ transition }) => transition)).toEqual(['failing'])
    expect((await scene.store.stats()).callbacks).toEqual({ gone: 0, failing: 1, disabled: 0 })
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(200)
    expect(changedUrls.map(({ transition }) => transition)).toEqual(['failing', 'recovered'])
    expect(await callbacksOf(scene)).toEqual([])
  })

  test('was no trouble for an hour: its host is one from the second failed attempt on, until the next success', async ({
    scene,
  }) => {
    const hosts = async () => (await scene.store.stats()).failingHosts
    const since = scene.store.now()
    await scene.resolve()
    await scene.deliver(500)
    // One may be a flaky moment.
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
    await scene.resolve()
    await scene.deliver(500)
    const partner = { partnerId: scene.partnerId, partnerName: expect.stringMatching(/^named_/) }
    const one = { ...partner, host: 'partner.example', urls: 1, since, error: 'http_500', waiting: 2 }
    expect(await hosts()).toEqual({ worst: [one], hosts: 1 })
    expect((await scene.store.listCallbacks(null, { after: null, limit: 9 })).found).toHaveLength(1)
    await scene.store.changePartner(scene.partnerId, { disabled: true })
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
    await scene.store.changePartner(scene.partnerId, { disabled: false })
    await scene.advance(MINUTE)
    await scene.deliver(200, { slots: 1 })
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
  })

  test('is counted with the others of its host, and of many hosts the first few are named', async ({ scene }) => {
    const hosts = async () => (await scene.store.stats()).failingHosts
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      for (const path of ['1', '2']) await scene.resolve({ callbackUrl: `https://${name}.example/${path}` })
      for (let attempt = 0; attempt < 2; attempt++) {
        await scene.deliver(null)
        await scene.advance(MINUTE + 15 * SECOND)
      }
    }
    const { worst, hosts: count } = await hosts()
    expect(count).toBe(6)
    expect(worst.map(({ host, urls, waiting, error }) => [host, urls, waiting, error])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map(name => [`${name}.example`, 2, 2, 'no_response']),
    )
    await scene.advance(2 * DAY)
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
  })

  test('begins anew with each success', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    for (let day = 0; day < 8; day++) {
      await fail(scene, id, { times: 5, apartMs: 4 * HOUR })
      await store.resend(partnerId, id)
      await scene.deliver(200)
      await scene.advance(4 * HOUR)
    }
    expect(await callbacksOf(scene)).toEqual([])
  })

  test('is not blamed for webhooks unsent by our own fault', async ({ scene, store }) => {
    await scene.resolve()
    for (let n = 0; n < 12; n++) {
      const message = first(await scene.claimMessages())
      const step = { state: 'pending', dueAt: store.now(), retries: 0, gone: false } as const
      await store.settleMessages([{ message, step, attempt: null, hostSignal: null }])
      await scene.advance(DAY)
    }
    expect(await callbacksOf(scene)).toEqual([])
  })

  test.for(['operator', 'test'] as const)(
    'is enabled by the %s, and begins with a clean sheet',
    async (end, { scene, store }) => {
      const { changedUrls, heldIds } = await disable(scene)
      let rung = 0
      store.hints.on('messagesDue', () => rung++)
      expect(await store.enableCallback(url(scene), end)).toBe(true)
      expect(rung).toBeGreaterThan(0)
      expect(changedUrls.at(-1)).toMatchObject({ transition: 'enabled' })
      expect(await callbacksOf(scene)).toEqual([])
      expect(await scene.claimedIds()).toEqual(heldIds)
      expect(await store.enableCallback(url(scene), end)).toBe(false)
    },
  )

  test('is not enabled by an operator where nothing is held: a good test alone ends its failures', async ({
    scene,
  }) => {
    const { id } = await scene.resolve()
    await fail(scene, id, { times: 2, apartMs: MINUTE })
    const failing = await callbacksOf(scene)
    expect(await scene.store.enableCallback(url(scene), 'operator')).toBe(false)
    expect(await callbacksOf(scene)).toEqual(failing)
    expect(await scene.store.enableCallback(url(scene), 'test')).toBe(false)
    expect(await callbacksOf(scene)).toEqual([])
  })

  test('is enabled by a registration, and by the 2xx of a message that is resent', async ({ scene, open }) => {
    const one = await disable(scene)
    await scene.register()
    expect(one.changedUrls.at(-1)).toMatchObject({ transition: 'enabled' })
    expect(await scene.claimedIds()).toEqual(one.heldIds)

    await using another = await openStoreFixture(open)
    const other = await disable(another)
    await another.store.resend(another.partnerId, other.failed.id)
    expect(await another.deliver(503)).toBe(1)
    expect(other.changedUrls.at(-1)).toMatchObject({ transition: 'disabled' })
    await another.store.resend(another.partnerId, other.failed.id)
    expect(await another.deliver(200)).toBe(1)
    expect(other.changedUrls.at(-1)).toMatchObject({ transition: 'enabled' })
    expect(await another.claimedIds()).toEqual(other.heldIds.slice(1))
  })

  test('that answered 410 is reported gone, and works again after a good test, or an operator’s act', async ({
    scene,
  }) => {
    await scene.resolve()
    const held = await scene.resolve()
    await scene.deliver(410, { slots: 1 })
    expect(await scene.claimedIds()).toEqual([])
    const at = scene.store.now()
    const gone = { ...url(scene), state: 'gone', since: at, heldSince: at, lastError: null, held: 1 }
    expect(await callbacksOf(scene)).toEqual([gone])
    expect((await scene.store.stats()).callbacks).toEqual({ gone: 1, failing: 0, disabled: 0 })
    expect(await scene.store.enableCallback(url(scene), 'test')).toBe(true)
    expect(await callbacksOf(scene)).toEqual([])
    expect(await scene.claimedIds()).toEqual([held.id])
    await scene.resolve()
    await scene.deliver(410)
    expect(await scene.store.enableCallback(url(scene), 'operator')).toBe(true)
    expect(await callbacksOf(scene)).toEqual([])
  })

  test('is listed page by page, in the order of partner and URL', async ({ scene, store }) => {
    const urls = ['a', 'b', 'c', 'd', 'e'].map(name => `https://${name}.example/`)
    for (const callbackUrl of urls) await scene.resolve({ callbackUrl })
    await scene.deliver(410)
    const listed: string[] = []
    let after = null
    do {
      const page = await store.listCallbacks(null, { after, limit: 2 })
      listed.push(...page.found.map(({ callbackUrl }) => callbackUrl))
      after = page.next
    } while (after !== null)
    expect(listed).toEqual(urls)
    const other = await scene.addPartner()
    expect(await store.listCallbacks(other, { after: null, limit: 10 })).toEqual({ found: [], next: null })
  })

  test('is forgotten when nothing has failed there for the retention, but not while something is held', async ({
    scene,
  }) => {
    await disable(scene)
    await scene.resolve({ callbackUrl: 'https://other.example/' })
    await scene.deliver(500)
    await scene.advance(90 * DAY)
    await scene.prune(30 * DAY)
    expect(await callbacksOf(scene)).toEqual([])
  })
  test('by an operator was enabled by the retention, where nothing is held', async ({ scene, store }) => {
    await store.disableCallback(url(scene))
    await scene.advance(90 * DAY)
    await scene.prune(30 * DAY)
    expect(await callbacksOf(scene)).toMatchObject([{ state: 'disabled', lastError: 'operator' }])
  })
}
