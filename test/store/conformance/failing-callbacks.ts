import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { ChangedCallback } from '../../../src/store/callbacks/health.ts'
import { first, HOOK, type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** Has the message of a registration fail so often, so far apart. */
const fail = async (bench: StoreFixture, id: string, { times, apartMs }: { times: number; apartMs: number }) => {
  for (let n = 0; n < times; n++) {
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(503)
    await bench.advance(apartMs)
  }
}
const listen = (bench: StoreFixture) => {
  const changedUrls: ChangedCallback[] = []
  bench.store.hints.on('callbacksChanged', told => changedUrls.push(...told))
  return changedUrls
}
/** A URL that was disabled a minute ago. Held are the message that failed and so many others. */
const openDisabled = async (open: OpenStore, held = 1) => {
  const bench = await openStoreFixture(open)
  const since = bench.store.now()
  const failed = await bench.resolve()
  const waiting = await Promise.all(Array.from({ length: held }, () => bench.register()))
  // One attempt each 12 h: the eleventh comes after five days.
  await fail(bench, failed.id, { times: 10, apartMs: 12 * HOUR })
  const changedUrls = listen(bench)
  await fail(bench, failed.id, { times: 1, apartMs: MINUTE })
  await bench.poll({
    kind: 'verdict',
    code: 2,
    verdict: { status: 'FAIL', message: null, livingScore: null, similarity: null },
  })
  await bench.claimMessages()
  return { bench, failed, since, changedUrls, heldIds: [failed.id, ...waiting.map(({ id }) => id)] }
}
const url = (bench: StoreFixture) => ({ partnerId: bench.partnerId, callbackUrl: HOOK })
const callbacksOf = async (bench: StoreFixture) => (await bench.store.statusOf(bench.partnerId, null)).callbacks
const sent = async (bench: StoreFixture) => (await bench.claimMessages()).map(message => message.registrationId)

export const describeFailingCallbacks = (open: OpenStore): void => {
  test('is disabled after five days of failures only, and says so', async () => {
    const { bench, since, changedUrls } = await openDisabled(open, 2)
    await using _ = bench
    expect(changedUrls).toEqual([{ ...url(bench), transition: 'disabled', failingSince: since, lastError: 'http_503' }])
    expect(await callbacksOf(bench)).toEqual([
      {
        ...{ ...url(bench), state: 'disabled', since, heldSince: bench.store.now() - MINUTE },
        ...{ lastError: 'http_503', held: 3 },
      },
    ])
    expect((await bench.store.stats()).callbacks).toEqual({ gone: 0, failing: 0, disabled: 1 })
    await bench.advance(30 * DAY)
    expect((await bench.claimMessagesWith()).nextAt).toBeNull()
  })

  test('is told as failing after an hour and ten attempts, once, and as recovered by a success', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const changedUrls = listen(bench)
    await fail(bench, id, { times: 30, apartMs: 4 * MINUTE })
    expect(changedUrls.map(({ transition }) => transition)).toEqual(['failing'])
    expect((await bench.store.stats()).callbacks).toEqual({ gone: 0, failing: 1, disabled: 0 })
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(200)
    expect(changedUrls.map(({ transition }) => transition)).toEqual(['failing', 'recovered'])
    expect(await callbacksOf(bench)).toEqual([])
  })

  test('was no trouble for an hour: its host is one from the second failed attempt on, until the next success', async () => {
    await using bench = await openStoreFixture(open)
    const hosts = async () => (await bench.store.stats()).failingHosts
    const since = bench.store.now()
    await bench.resolve()
    await bench.deliver(500)
    // One may be a flaky moment.
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
    await bench.resolve()
    await bench.deliver(500)
    const partner = { partnerId: bench.partnerId, partnerName: expect.stringMatching(/^named_/) }
    const one = { ...partner, host: 'partner.example', urls: 1, since, error: 'http_500', waiting: 2 }
    expect(await hosts()).toEqual({ worst: [one], hosts: 1 })
    expect((await bench.store.listCallbacks(null, { after: null, limit: 9 })).found).toHaveLength(1)
    await bench.store.changePartner(bench.partnerId, { disabled: true })
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
    await bench.store.changePartner(bench.partnerId, { disabled: false })
    await bench.advance(MINUTE)
    await bench.deliver(200, { slots: 1 })
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
  })

  test('is counted with the others of its host, and of many hosts the first few are named', async () => {
    await using bench = await openStoreFixture(open)
    const hosts = async () => (await bench.store.stats()).failingHosts
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      for (const path of ['1', '2']) await bench.resolve({ callbackUrl: `https://${name}.example/${path}` })
      for (let attempt = 0; attempt < 2; attempt++) {
        await bench.deliver(null)
        await bench.advance(MINUTE + 15 * SECOND)
      }
    }
    const { worst, hosts: count } = await hosts()
    expect(count).toBe(6)
    expect(worst.map(({ host, urls, waiting, error }) => [host, urls, waiting, error])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map(name => [`${name}.example`, 2, 2, 'no_response']),
    )
    await bench.advance(2 * DAY)
    expect(await hosts()).toEqual({ worst: [], hosts: 0 })
  })

  test('begins anew with each success', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    for (let day = 0; day < 8; day++) {
      await fail(bench, id, { times: 5, apartMs: 4 * HOUR })
      await bench.store.resend(bench.partnerId, id)
      await bench.deliver(200)
      await bench.advance(4 * HOUR)
    }
    expect(await callbacksOf(bench)).toEqual([])
  })

  test('is not blamed for what could not be sent for a fault of our own', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    for (let n = 0; n < 12; n++) {
      const message = first(await bench.claimMessages())
      const step = { state: 'pending', dueAt: bench.store.now(), retries: 0, gone: false } as const
      await bench.store.settleMessages([{ message, step, attempt: null, hostSignal: null }])
      await bench.advance(DAY)
    }
    expect(await callbacksOf(bench)).toEqual([])
  })

  test.each(['operator', 'test'] as const)('is enabled by the %s, and begins with a clean sheet', async end => {
    const { bench, changedUrls, heldIds } = await openDisabled(open)
    await using _ = bench
    let rung = 0
    bench.store.hints.on('messagesDue', () => rung++)
    expect(await bench.store.enableCallback(url(bench), end)).toBe(true)
    expect(rung).toBeGreaterThan(0)
    expect(changedUrls.at(-1)).toMatchObject({ transition: 'enabled' })
    expect(await callbacksOf(bench)).toEqual([])
    expect(await sent(bench)).toEqual(heldIds)
    expect(await bench.store.enableCallback(url(bench), end)).toBe(false)
  })

  test('is not enabled by an operator where nothing is held: a good test alone ends its failures', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    await fail(bench, id, { times: 2, apartMs: MINUTE })
    const failing = await callbacksOf(bench)
    expect(await bench.store.enableCallback(url(bench), 'operator')).toBe(false)
    expect(await callbacksOf(bench)).toEqual(failing)
    expect(await bench.store.enableCallback(url(bench), 'test')).toBe(false)
    expect(await callbacksOf(bench)).toEqual([])
  })

  test('is enabled by a registration, and by the 2xx of a message that is resent', async () => {
    const one = await openDisabled(open)
    await using _ = one.bench
    await one.bench.register()
    expect(one.changedUrls.at(-1)).toMatchObject({ transition: 'enabled' })
    expect(await sent(one.bench)).toEqual(one.heldIds)

    const other = await openDisabled(open)
    await using __ = other.bench
    await other.bench.store.resend(other.bench.partnerId, other.failed.id)
    expect(await other.bench.deliver(503)).toBe(1)
    expect(other.changedUrls.at(-1)).toMatchObject({ transition: 'disabled' })
    await other.bench.store.resend(other.bench.partnerId, other.failed.id)
    expect(await other.bench.deliver(200)).toBe(1)
    expect(other.changedUrls.at(-1)).toMatchObject({ transition: 'enabled' })
    expect(await sent(other.bench)).toEqual(other.heldIds.slice(1))
  })

  test('that answered 410 is told of as gone, and works again after a good test, or when an operator says so', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    const held = await bench.resolve()
    await bench.deliver(410, { slots: 1 })
    expect(await sent(bench)).toEqual([])
    const at = bench.store.now()
    const gone = { ...url(bench), state: 'gone', since: at, heldSince: at, lastError: null, held: 1 }
    expect(await callbacksOf(bench)).toEqual([gone])
    expect((await bench.store.stats()).callbacks).toEqual({ gone: 1, failing: 0, disabled: 0 })
    expect(await bench.store.enableCallback(url(bench), 'test')).toBe(true)
    expect(await callbacksOf(bench)).toEqual([])
    expect(await sent(bench)).toEqual([held.id])
    await bench.resolve()
    await bench.deliver(410)
    expect(await bench.store.enableCallback(url(bench), 'operator')).toBe(true)
    expect(await callbacksOf(bench)).toEqual([])
  })

  test('is listed page by page, in the order of partner and URL', async () => {
    await using bench = await openStoreFixture(open)
    const urls = ['a', 'b', 'c', 'd', 'e'].map(name => `https://${name}.example/`)
    for (const callbackUrl of urls) await bench.resolve({ callbackUrl })
    await bench.deliver(410)
    const listed: string[] = []
    let after = null
    do {
      const page = await bench.store.listCallbacks(null, { after, limit: 2 })
      listed.push(...page.found.map(({ callbackUrl }) => callbackUrl))
      after = page.next
    } while (after !== null)
    expect(listed).toEqual(urls)
    const other = await bench.addPartner()
    expect(await bench.store.listCallbacks(other, { after: null, limit: 10 })).toEqual({ found: [], next: null })
  })

  test('is forgotten when nothing has failed there for the retention, but not while something is held', async () => {
    const { bench } = await openDisabled(open)
    await using _ = bench
    await bench.resolve({ callbackUrl: 'https://other.example/' })
    await bench.deliver(500)
    await bench.advance(90 * DAY)
    await bench.prune(30 * DAY)
    expect(await callbacksOf(bench)).toEqual([])
  })
  test('by an operator was enabled by the retention, where nothing is held', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.disableCallback(url(bench))
    await bench.advance(90 * DAY)
    await bench.prune(30 * DAY)
    expect(await callbacksOf(bench)).toMatchObject([{ state: 'disabled', lastError: 'operator' }])
  })
}
