import { expect, test } from 'vitest'
import type { AccountChange } from '../../../src/core/account.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { TEST_ACCOUNT_ID } from '../../../src/core/test-serial.ts'
import { troublesOf } from '../../../src/store/stats/troubles.ts'
import { first, HOOK, LEASE_MS, type OpenStore, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

const FROZEN = { kind: 'account', code: 4050, fault: 'frozen' } as const

/** Has one due row answered with a change of its account. */
const change = async (bench: StoreFixture, of: (now: number) => AccountChange) => {
  const claimed = first(await bench.claim())
  await bench.store.settleVerifications([bench.answered(claimed, FROZEN, of(bench.store.now()))])
}
const pause = (bench: StoreFixture, probeInMs: number) =>
  change(bench, now => ({ kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: now + probeInMs }))
const throttle = (bench: StoreFixture, holdMs: number, rampRate = 2.5) =>
  change(bench, now => ({ kind: 'throttle', rampRate, rampAt: now + holdMs, allowedAt: now + holdMs }))

const account = (more: Partial<Parameters<StoreFixture['store']['createAccount']>[0]> = {}) => ({
  id: 'acc_z',
  apiId: 'C87654321',
  apiKey: new Secret('key-two'),
  passwordMode: 'static' as const,
  rate: null,
  partnerId: null,
  ...more,
})

export const describeAccounts = (open: OpenStore): void => {
  test('the default one is updated by its APIID, and keeps its id', async () => {
    await using bench = await openStoreFixture(open, { rate: 7 })
    const again = await bench.store.putDefaultAccount({
      id: bench.newId('acc'),
      apiId: 'C12345678',
      apiKey: new Secret('rotated'),
      passwordMode: 'static',
    })
    expect(again).toMatchObject({ id: bench.account.id, passwordMode: 'static', rate: 7, pausedAt: null })
    await bench.register()
    expect(first(await bench.claim()).account.apiKey.reveal()).toBe('rotated')
  })

  test('a corrected key makes a paused account due now, and the same key does not', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register()
    const pause = { reason: 'credentials_wrong', code: 405, probes: 2, probeAt: bench.store.now() + HOUR } as const
    const claimed = first(await bench.claim())
    const refused = { kind: 'account', code: 405, fault: 'credentials_wrong' } as const
    await bench.store.settleVerifications([bench.answered(claimed, refused, { kind: 'pause', ...pause })])
    const put = (key: string) =>
      bench.store.putDefaultAccount({
        id: bench.newId('acc'),
        apiId: 'C12345678',
        apiKey: new Secret(key),
        passwordMode: 'dynamic',
      })
    expect(await put('upstream-key')).toMatchObject({ pauseReason: 'credentials_wrong' })
    await bench.advance(SECOND)
    expect(await bench.claim()).toEqual([])
    expect(await put('corrected')).toMatchObject({ pauseReason: 'credentials_wrong' })
    expect(first(await bench.claim()).account.apiKey.reveal()).toBe('corrected')
  })

  test('get another key, or mode, and are tried with it at once, but not in a pause of an operator', async () => {
    await using bench = await openStoreFixture(open)
    const { store, account: one } = bench
    await bench.register()
    await pause(bench, HOUR)
    await bench.advance(SECOND)
    expect(await bench.claim()).toEqual([])
    const changed = await store.changeAccount(one.id, { apiKey: new Secret('another'), passwordMode: null })
    expect(changed).toMatchObject({ id: one.id, passwordMode: one.passwordMode, pauseReason: 'frozen' })
    expect(first(await bench.claim()).account.apiKey.reveal()).toBe('another')
    await store.pauseAccount(one.id)
    const operators = await store.changeAccount(one.id, { apiKey: null, passwordMode: 'static' })
    expect(operators).toMatchObject({ passwordMode: 'static', pauseReason: 'operator' })
    await bench.advance(LEASE_MS)
    expect(await bench.claim()).toEqual([])
    await store.resumeAccount(one.id)
    expect(first(await bench.claim()).account).toMatchObject({ apiId: one.apiId, passwordMode: 'static' })
    expect(await store.changeAccount('acc_nobody', { apiKey: null, passwordMode: 'static' })).toBeNull()
  })

  test('are found by id or APIID, and listed in order', async () => {
    await using bench = await openStoreFixture(open)
    const created = await bench.store.createAccount(account({ rate: 3 }))
    expect(created).toMatchObject({ id: 'acc_z', rate: 3, partnerId: null })
    expect(await bench.store.findAccount('acc_z')).toEqual(created)
    expect(await bench.store.findAccount('C87654321')).toEqual(created)
    expect(await bench.store.findAccount('acc_nobody')).toBeNull()
    expect(await bench.store.listAccounts({ limit: 1, after: bench.account.id })).toEqual({
      found: [created],
      next: null,
    })
    expect(await bench.store.listAccounts({ limit: 1, after: null })).toEqual({
      found: [bench.account],
      next: bench.account.id,
    })
  })

  test('bound to a partner are used by that partner alone, and before the default one', async () => {
    await using bench = await openStoreFixture(open)
    const bound = await bench.store.createAccount(account({ partnerId: bench.partnerId }))
    const other = await bench.addPartner()
    expect(await bench.store.accountFor(bench.partnerId, null)).toEqual(bound)
    expect(await bench.store.accountFor(bench.partnerId, 'C87654321')).toEqual(bound)
    expect(await bench.store.accountFor(other, null)).toEqual(bench.account)
    expect(await bench.store.accountFor(other, 'acc_z')).toBeNull()
    expect(await bench.store.accountFor(other, 'C12345678')).toEqual(bench.account)
    const statuses = [null, 'acc_z', 'C87654321', 'C12345678'].map(name => bench.store.statusOf(other, name))
    const seen = (await Promise.all(statuses)).map(status => status.account?.id ?? null)
    expect(seen).toEqual([bench.account.id, null, null, bench.account.id])
    expect((await bench.store.statusOf(bench.partnerId, null)).account).toEqual(bound)
    expect((await bench.store.statusOf(bench.partnerId, 'C12345678')).account).toEqual(bench.account)
  })

  test('of test serials are listed and chosen by nobody, wait for no other, and all that comes of them says so', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.createAccount(account({ id: TEST_ACCOUNT_ID }))
    expect(await bench.store.listAccounts({ limit: 10, after: null })).toEqual({ found: [bench.account], next: null })
    expect((await bench.store.stats()).accounts.map(({ id }) => id)).toEqual([bench.account.id])
    for (const name of [TEST_ACCOUNT_ID, 'C87654321']) {
      expect(await bench.store.accountFor(bench.partnerId, name)).toBeNull()
      expect(await bench.store.findAccount(name)).toBeNull()
    }
    await bench.register()
    await bench.store.pauseAccount(bench.account.id)
    const { id, idcardid, isTest } = await bench.register({ accountId: TEST_ACCOUNT_ID })
    expect(isTest).toBe(true)
    expect(await bench.poll(SUCCESS)).toBe(1)
    expect(await bench.find(id)).toMatchObject({ status: 'succeeded', isTest: true })
    const known = await bench.register({ accountId: TEST_ACCOUNT_ID, idcardid, callbackUrl: `${HOOK}/known` })
    expect(known).toMatchObject({ status: 'succeeded', isTest: true })
    expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({ registration: { isTest: true } })
    expect(await bench.store.lookUpRegistrations(bench.partnerId, [idcardid], 10)).toMatchObject([
      { isTest: true },
      { isTest: true },
    ])
    const page = await bench.store.listEvents(bench.partnerId, { after: null, limit: 10 })
    if (page.outcome === 'lost') throw new Error('the page is lost')
    expect(page.events.map(({ body }) => JSON.parse(body).data.sandbox)).toEqual([true, true])
  })

  test('have a rate and slots of their own', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.createAccount(account({ rate: 1 }))
    for (let i = 0; i < 3; i++) {
      await bench.register()
      await bench.register({ accountId: 'acc_z' })
    }
    const claimed = await bench.claim({ concurrency: 2 })
    const countOf = (id: string) => claimed.filter(one => one.account.id === id).length
    expect([countOf(bench.account.id), countOf('acc_z')]).toEqual([2, 1])
  })

  test('paused, hand out one canary, and only when it is due', async () => {
    await using bench = await openStoreFixture(open)
    for (let i = 0; i < 3; i++) await bench.register()
    await pause(bench, MINUTE)
    await bench.advance(LEASE_MS)
    expect(await bench.store.findAccount(bench.account.id)).toMatchObject({ pauseReason: 'frozen', pauseCode: 4050 })
    const early = await bench.claimWith()
    expect(early.claims).toEqual([])
    expect(early.nextAt).toBeGreaterThan(bench.store.now())
    await bench.advance(MINUTE - LEASE_MS)
    expect(await bench.claim()).toHaveLength(1)
    expect(await bench.claim()).toEqual([])
  })

  test('resumed by a canary, start slowly, and have lost nothing', async () => {
    await using bench = await openStoreFixture(open, { rate: 80 })
    for (let i = 0; i < 20; i++) await bench.register()
    await pause(bench, 0)
    await change(bench, now => ({ kind: 'resume', rampRate: 10, rampAt: now }))
    expect(await bench.store.findAccount(bench.account.id)).toMatchObject({ pausedAt: null, pauseReason: null })
    let taken = 0
    for (let i = 0; i < 10; i++) {
      taken += (await bench.claim()).length
      await bench.advance(100)
    }
    expect(taken).toBeGreaterThanOrEqual(9)
    expect(taken).toBeLessThanOrEqual(12)
    await bench.advance(HOUR)
    for (let i = 0; i < 10; i++) {
      await bench.poll(SUCCESS)
      await bench.advance(SECOND)
    }
    expect(await bench.claimMessages()).toHaveLength(20)
  })

  test('paused by an operator, hand out nothing, whatever an answer in flight says', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register()
    await bench.register()
    const claimed = first(await bench.claim({ concurrency: 1 }))
    expect(await bench.store.pauseAccount(bench.account.id)).toMatchObject({ pauseReason: 'operator', pauseCode: null })
    const resume = { kind: 'resume', rampRate: 1, rampAt: bench.store.now() } as const
    await bench.store.settleVerifications([bench.answered(claimed, WAITING, resume)])
    await bench.advance(24 * HOUR)
    const nothing = await bench.claimWith()
    expect(nothing).toEqual({ claims: [], nextAt: null })
    expect(await bench.store.resumeAccount(bench.account.id)).toMatchObject({ pausedAt: null, pauseReason: null })
    expect(await bench.claim()).not.toEqual([])
  })

  test('are removed, but for the default one, and one that an enabled partner has for its own', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    await store.createAccount(account({ partnerId: bench.partnerId }))
    const { id } = await bench.register({ accountId: 'acc_z' })
    expect(await store.removeAccount('acc_z')).toBe('bound')
    await bench.poll(SUCCESS)
    await store.changePartner(bench.partnerId, { disabled: true })
    expect(await store.removeAccount('C87654321')).toBeNull()
    expect(await store.removeAccount('acc_z')).toBe('removed')
    expect(await store.removeAccount('acc_z')).toBeNull()
    expect(await store.removeAccount(bench.account.id)).toBe('default')
    await store.changePartner(bench.partnerId, { disabled: false })
    expect(await store.accountFor(bench.partnerId, null)).toEqual(bench.account)
    const gone = { id: 'acc_z', pausedAt: null, unreachableAt: null }
    expect(await store.explain(bench.partnerId, id)).toMatchObject({
      registration: { status: 'succeeded' },
      account: gone,
    })
  })

  test('removed, lost what was registered for them afterwards, by who had found them before', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    await store.createAccount(account())
    const before = await bench.register({ accountId: 'acc_z' })
    await store.pauseAccount('acc_z')
    expect(await store.removeAccount('acc_z')).toBe('removed')
    for (const name of ['acc_z', 'C87654321']) {
      expect(await store.findAccount(name)).toBeNull()
      expect(await store.accountFor(bench.partnerId, name)).toBeNull()
    }
    expect(await store.listAccounts({ limit: 10, after: null })).toEqual({ found: [bench.account], next: null })
    const seen = async () => (await store.stats()).accounts.map(({ id, isRemoved }) => [id, isRemoved])
    const after = await bench.register({ accountId: 'acc_z' })
    await bench.advance(MINUTE)
    expect(await bench.poll(SUCCESS)).toBe(2)
    for (const { id } of [before, after]) expect(await bench.find(id)).toMatchObject({ status: 'succeeded' })
    expect(await seen()).toEqual([[bench.account.id, false]])
  })

  test('removed while GetResult refused them, waited with their serials, and nobody saw it', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    await store.createAccount(account())
    await bench.register({ accountId: 'acc_z' })
    await pause(bench, HOUR)
    await store.removeAccount('acc_z')
    const stats = await store.stats()
    expect(stats.accounts.map(({ id, isRemoved, waiting }) => [id, isRemoved, waiting])).toEqual([
      [bench.account.id, false, 0],
      ['acc_z', true, 1],
    ])
    expect(troublesOf({ stats, writeError: null, isServed: true })).toMatchObject([
      { code: 'account_paused', account: 'C87654321', reason: 'frozen', isRemoved: true },
    ])
  })

  test('removed, come back when they are created again, or the settings name them, with what waits for them', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    await store.createAccount(account({ rate: 3 }))
    await bench.register({ accountId: 'acc_z' })
    await change(bench, now => ({ kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: now + HOUR }))
    await store.removeAccount('acc_z')
    const again = account({ id: 'acc_y', apiKey: new Secret('new-key'), passwordMode: 'dynamic' })
    const back = await store.createAccount(again)
    expect(back).toMatchObject({ id: 'acc_z', rate: 1_000, passwordMode: 'dynamic', pausedAt: null })
    expect(await store.createAccount(again)).toBeNull()
    expect(await store.listAccounts({ limit: 10, after: bench.account.id })).toEqual({ found: [back], next: null })
    await bench.advance(HOUR)
    const { account: asked } = first(await bench.claim())
    expect([asked.id, asked.apiKey.reveal()]).toEqual(['acc_z', 'new-key'])
    await store.removeAccount('acc_z')
    const named = { id: 'acc_x', apiId: 'C87654321', apiKey: new Secret('newer-key'), passwordMode: 'static' } as const
    const put = await store.putDefaultAccount(named)
    expect(put).toMatchObject({ id: 'acc_z' })
    expect(await store.accountFor(bench.partnerId, null)).toEqual(put)
  })

  test('removed, are erased after a day, once nothing waits for them', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    /** Where its row is there it comes back, with its id. */
    const idOfNext = async () => (await store.createAccount(account({ id: 'acc_y' })))?.id
    await store.createAccount(account())
    await store.removeAccount('acc_z')
    await bench.prune(30 * DAY)
    expect(await idOfNext()).toBe('acc_z')
    await bench.register({ accountId: 'acc_z' })
    await store.removeAccount('acc_z')
    await bench.advance(DAY + 1)
    await bench.prune(30 * DAY)
    expect(await idOfNext()).toBe('acc_z')
    await bench.poll(SUCCESS)
    await store.removeAccount('acc_z')
    await bench.advance(DAY + 1)
    await bench.prune(30 * DAY)
    expect(await idOfNext()).toBe('acc_y')
  })

  test('throttled, wait for as long as upstream asks, then go on at half the rate', async () => {
    await using bench = await openStoreFixture(open, { rate: 5 })
    for (let i = 0; i < 10; i++) await bench.register()
    await throttle(bench, 7 * SECOND)
    await bench.advance(7 * SECOND - 1)
    expect(await bench.claim()).toEqual([])
    await bench.advance(1)
    let taken = 0
    for (let i = 0; i < 20; i++) {
      taken += (await bench.claim()).length
      await bench.advance(50)
    }
    expect(taken).toBe(3)
  })
}
