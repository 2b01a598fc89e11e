import { expect } from 'vitest'
import type { AccountChange } from '../../../src/core/account.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { TEST_ACCOUNT_ID } from '../../../src/core/test-serial.ts'
import { troublesOf } from '../../../src/store/stats/troubles.ts'
import { first, HOOK, LEASE_MS, openStoreFixture, type StoreFixture, SUCCESS, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const FROZEN = { kind: 'account', code: 4050, fault: 'frozen' } as const

/** Has one due row answered with a change of its account. */
const change = async (scene: StoreFixture, of: (now: number) => AccountChange) => {
  const claimed = first(await scene.claim())
  await scene.store.settleVerifications([scene.answered(claimed, FROZEN, of(scene.store.now()))])
}
const pause = (scene: StoreFixture, probeInMs: number) =>
  change(scene, now => ({ kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: now + probeInMs }))
const throttle = (scene: StoreFixture, holdMs: number, rampRate = 2.5) =>
  change(scene, now => ({ kind: 'throttle', rampRate, rampAt: now + holdMs, allowedAt: now + holdMs }))

const account = (more: Partial<Parameters<StoreFixture['store']['createAccount']>[0]> = {}) => ({
  id: 'acc_z',
  apiId: 'C87654321',
  apiKey: new Secret('key-two'),
  passwordMode: 'static' as const,
  rate: null,
  partnerId: null,
  ...more,
})

export const describeAccounts = (test: StoreTest): void => {
  test('the default one is updated by its APIID, and keeps its id', async ({ open }) => {
    await using scene = await openStoreFixture(open, { rate: 7 })
    const again = await scene.store.putDefaultAccount({
      id: scene.newId('acc'),
      apiId: 'C12345678',
      apiKey: new Secret('rotated'),
      passwordMode: 'static',
    })
    expect(again).toMatchObject({ id: scene.account.id, passwordMode: 'static', rate: 7, pausedAt: null })
    await scene.register()
    expect(first(await scene.claim()).account.apiKey.reveal()).toBe('rotated')
  })

  test('a corrected key makes a paused account due now, and the same key does not', async ({ scene, store }) => {
    await scene.register()
    const pause = { reason: 'credentials_wrong', code: 405, probes: 2, probeAt: store.now() + HOUR } as const
    const claimed = first(await scene.claim())
    const refused = { kind: 'account', code: 405, fault: 'credentials_wrong' } as const
    await store.settleVerifications([scene.answered(claimed, refused, { kind: 'pause', ...pause })])
    const put = (key: string) =>
      store.putDefaultAccount({
        id: scene.newId('acc'),
        apiId: 'C12345678',
        apiKey: new Secret(key),
        passwordMode: 'dynamic',
      })
    expect(await put('upstream-key')).toMatchObject({ pauseReason: 'credentials_wrong' })
    await scene.advance(SECOND)
    expect(await scene.claim()).toEqual([])
    expect(await put('corrected')).toMatchObject({ pauseReason: 'credentials_wrong' })
    expect(first(await scene.claim()).account.apiKey.reveal()).toBe('corrected')
  })

  test('get another key, or mode, and are tried with it at once, but not in a pause of an operator', async ({
    scene,
  }) => {
    const { store, account: one } = scene
    await scene.register()
    await pause(scene, HOUR)
    await scene.advance(SECOND)
    expect(await scene.claim()).toEqual([])
    const changed = await store.changeAccount(one.id, { apiKey: new Secret('another'), passwordMode: null })
    expect(changed).toMatchObject({ id: one.id, passwordMode: one.passwordMode, pauseReason: 'frozen' })
    expect(first(await scene.claim()).account.apiKey.reveal()).toBe('another')
    await store.pauseAccount(one.id)
    const operators = await store.changeAccount(one.id, { apiKey: null, passwordMode: 'static' })
    expect(operators).toMatchObject({ passwordMode: 'static', pauseReason: 'operator' })
    await scene.advance(LEASE_MS)
    expect(await scene.claim()).toEqual([])
    await store.resumeAccount(one.id)
    expect(first(await scene.claim()).account).toMatchObject({ apiId: one.apiId, passwordMode: 'static' })
    expect(await store.changeAccount('acc_nobody', { apiKey: null, passwordMode: 'static' })).toBeNull()
  })

  test('are found by id or APIID, and listed in order', async ({ scene, store }) => {
    const created = await store.createAccount(account({ rate: 3 }))
    expect(created).toMatchObject({ id: 'acc_z', rate: 3, partnerId: null })
    expect(await store.findAccount('acc_z')).toEqual(created)
    expect(await store.findAccount('C87654321')).toEqual(created)
    expect(await store.findAccount('acc_nobody')).toBeNull()
    expect(await store.listAccounts({ limit: 1, after: scene.account.id })).toEqual({
      found: [created],
      next: null,
    })
    expect(await store.listAccounts({ limit: 1, after: null })).toEqual({
      found: [scene.account],
      next: scene.account.id,
    })
  })

  test('bound to a partner are used by that partner alone, and before the default one', async ({ scene }) => {
    const bound = await scene.store.createAccount(account({ partnerId: scene.partnerId }))
    const other = await scene.addPartner()
    expect(await scene.store.accountFor(scene.partnerId, null)).toEqual(bound)
    expect(await scene.store.accountFor(scene.partnerId, 'C87654321')).toEqual(bound)
    expect(await scene.store.accountFor(other, null)).toEqual(scene.account)
    expect(await scene.store.accountFor(other, 'acc_z')).toBeNull()
    expect(await scene.store.accountFor(other, 'C12345678')).toEqual(scene.account)
    const statuses = [null, 'acc_z', 'C87654321', 'C12345678'].map(name => scene.store.statusOf(other, name))
    const seen = (await Promise.all(statuses)).map(status => status.account?.id ?? null)
    expect(seen).toEqual([scene.account.id, null, null, scene.account.id])
    expect((await scene.store.statusOf(scene.partnerId, null)).account).toEqual(bound)
    expect((await scene.store.statusOf(scene.partnerId, 'C12345678')).account).toEqual(scene.account)
  })

  test('of test serials are listed and chosen by nobody, wait for no other, and all that comes of them says so', async ({
    scene,
  }) => {
    await scene.store.createAccount(account({ id: TEST_ACCOUNT_ID }))
    expect(await scene.store.listAccounts({ limit: 10, after: null })).toEqual({ found: [scene.account], next: null })
    expect((await scene.store.stats()).accounts.map(({ id }) => id)).toEqual([scene.account.id])
    for (const name of [TEST_ACCOUNT_ID, 'C87654321']) {
      expect(await scene.store.accountFor(scene.partnerId, name)).toBeNull()
      expect(await scene.store.findAccount(name)).toBeNull()
    }
    await scene.register()
    await scene.store.pauseAccount(scene.account.id)
    const { id, idcardid, isTest } = await scene.register({ accountId: TEST_ACCOUNT_ID })
    expect(isTest).toBe(true)
    expect(await scene.poll(SUCCESS)).toBe(1)
    expect(await scene.find(id)).toMatchObject({ status: 'succeeded', isTest: true })
    const known = await scene.register({ accountId: TEST_ACCOUNT_ID, idcardid, callbackUrl: `${HOOK}/known` })
    expect(known).toMatchObject({ status: 'succeeded', isTest: true })
    expect(await scene.store.explain(scene.partnerId, id)).toMatchObject({ registration: { isTest: true } })
    expect(await scene.store.lookUpRegistrations(scene.partnerId, [idcardid], 10)).toMatchObject([
      { isTest: true },
      { isTest: true },
    ])
    const page = await scene.store.listEvents(scene.partnerId, { after: null, limit: 10 })
    if (page.outcome === 'lost') throw new Error('the page is lost')
    expect(page.events.map(({ body }) => JSON.parse(body).data.sandbox)).toEqual([true, true])
  })

  test('have a rate and slots of their own', async ({ scene, store }) => {
    await store.createAccount(account({ rate: 1 }))
    for (let i = 0; i < 3; i++) {
      await scene.register()
      await scene.register({ accountId: 'acc_z' })
    }
    const claimed = await scene.claim({ concurrency: 2 })
    const countOf = (id: string) => claimed.filter(one => one.account.id === id).length
    expect([countOf(scene.account.id), countOf('acc_z')]).toEqual([2, 1])
  })

  test('paused, hand out one canary, and only when it is due', async ({ scene, store }) => {
    for (let i = 0; i < 3; i++) await scene.register()
    await pause(scene, MINUTE)
    await scene.advance(LEASE_MS)
    expect(await store.findAccount(scene.account.id)).toMatchObject({ pauseReason: 'frozen', pauseCode: 4050 })
    const early = await scene.claimWith()
    expect(early.claims).toEqual([])
    expect(early.nextAt).toBeGreaterThan(store.now())
    await scene.advance(MINUTE - LEASE_MS)
    expect(await scene.claim()).toHaveLength(1)
    expect(await scene.claim()).toEqual([])
  })

  test('resumed by a canary, start slowly, and have lost nothing', async ({ open }) => {
    await using scene = await openStoreFixture(open, { rate: 80 })
    for (let i = 0; i < 20; i++) await scene.register()
    await pause(scene, 0)
    await change(scene, now => ({ kind: 'resume', rampRate: 10, rampAt: now }))
    expect(await scene.store.findAccount(scene.account.id)).toMatchObject({ pausedAt: null, pauseReason: null })
    let taken = 0
    for (let i = 0; i < 10; i++) {
      taken += (await scene.claim()).length
      await scene.advance(100)
    }
    expect(taken).toBeGreaterThanOrEqual(9)
    expect(taken).toBeLessThanOrEqual(12)
    await scene.advance(HOUR)
    for (let i = 0; i < 10; i++) {
      await scene.poll(SUCCESS)
      await scene.advance(SECOND)
    }
    expect(await scene.claimMessages()).toHaveLength(20)
  })

  test('paused by an operator, hand out nothing, despite a resume in flight', async ({ scene, store }) => {
    await scene.register()
    await scene.register()
    const claimed = first(await scene.claim({ concurrency: 1 }))
    expect(await store.pauseAccount(scene.account.id)).toMatchObject({ pauseReason: 'operator', pauseCode: null })
    const resume = { kind: 'resume', rampRate: 1, rampAt: store.now() } as const
    await store.settleVerifications([scene.answered(claimed, WAITING, resume)])
    await scene.advance(24 * HOUR)
    const nothing = await scene.claimWith()
    expect(nothing).toEqual({ claims: [], nextAt: null })
    expect(await store.resumeAccount(scene.account.id)).toMatchObject({ pausedAt: null, pauseReason: null })
    expect(await scene.claim()).not.toEqual([])
  })

  test('are removed, but for the default one, and one that an enabled partner has for its own', async ({ scene }) => {
    const { store } = scene
    await store.createAccount(account({ partnerId: scene.partnerId }))
    const { id } = await scene.register({ accountId: 'acc_z' })
    expect(await store.removeAccount('acc_z')).toBe('bound')
    await scene.poll(SUCCESS)
    await store.changePartner(scene.partnerId, { disabled: true })
    expect(await store.removeAccount('C87654321')).toBeNull()
    expect(await store.removeAccount('acc_z')).toBe('removed')
    expect(await store.removeAccount('acc_z')).toBeNull()
    expect(await store.removeAccount(scene.account.id)).toBe('default')
    await store.changePartner(scene.partnerId, { disabled: false })
    expect(await store.accountFor(scene.partnerId, null)).toEqual(scene.account)
    const gone = { id: 'acc_z', pausedAt: null, unreachableAt: null }
    expect(await store.explain(scene.partnerId, id)).toMatchObject({
      registration: { status: 'succeeded' },
      account: gone,
    })
  })

  test('removed, lost later registrations by clients that had found them before', async ({ scene }) => {
    const { store } = scene
    await store.createAccount(account())
    const before = await scene.register({ accountId: 'acc_z' })
    await store.pauseAccount('acc_z')
    expect(await store.removeAccount('acc_z')).toBe('removed')
    for (const name of ['acc_z', 'C87654321']) {
      expect(await store.findAccount(name)).toBeNull()
      expect(await store.accountFor(scene.partnerId, name)).toBeNull()
    }
    expect(await store.listAccounts({ limit: 10, after: null })).toEqual({ found: [scene.account], next: null })
    const seen = async () => (await store.stats()).accounts.map(({ id, isRemoved }) => [id, isRemoved])
    const after = await scene.register({ accountId: 'acc_z' })
    await scene.advance(MINUTE)
    expect(await scene.poll(SUCCESS)).toBe(2)
    for (const { id } of [before, after]) expect(await scene.find(id)).toMatchObject({ status: 'succeeded' })
    expect(await seen()).toEqual([[scene.account.id, false]])
  })

  test('removed while GetResult refused them, waited with their serials, and nobody saw it', async ({ scene }) => {
    const { store } = scene
    await store.createAccount(account())
    await scene.register({ accountId: 'acc_z' })
    await pause(scene, HOUR)
    await store.removeAccount('acc_z')
    const stats = await store.stats()
    expect(stats.accounts.map(({ id, isRemoved, waiting }) => [id, isRemoved, waiting])).toEqual([
      [scene.account.id, false, 0],
      ['acc_z', true, 1],
    ])
    expect(troublesOf({ stats, writeError: null, isServed: true })).toMatchObject([
      { code: 'account_paused', account: 'C87654321', reason: 'frozen', isRemoved: true },
    ])
  })

  test('removed, come back with their queue when created again, or when the settings name them', async ({ scene }) => {
    const { store } = scene
    await store.createAccount(account({ rate: 3 }))
    await scene.register({ accountId: 'acc_z' })
    await change(scene, now => ({ kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: now + HOUR }))
    await store.removeAccount('acc_z')
    const again = account({ id: 'acc_y', apiKey: new Secret('new-key'), passwordMode: 'dynamic' })
    const back = await store.createAccount(again)
    expect(back).toMatchObject({ id: 'acc_z', rate: 1_000, passwordMode: 'dynamic', pausedAt: null })
    expect(await store.createAccount(again)).toBeNull()
    expect(await store.listAccounts({ limit: 10, after: scene.account.id })).toEqual({ found: [back], next: null })
    await scene.advance(HOUR)
    const { account: asked } = first(await scene.claim())
    expect([asked.id, asked.apiKey.reveal()]).toEqual(['acc_z', 'new-key'])
    await store.removeAccount('acc_z')
    const named = { id: 'acc_x', apiId: 'C87654321', apiKey: new Secret('newer-key'), passwordMode: 'static' } as const
    const put = await store.putDefaultAccount(named)
    expect(put).toMatchObject({ id: 'acc_z' })
    expect(await store.accountFor(scene.partnerId, null)).toEqual(put)
  })

  test('removed, are erased after a day, once nothing waits for them', async ({ scene, store }) => {
    /** Where its row is there it comes back, with its id. */
    const idOfNext = async () => (await store.createAccount(account({ id: 'acc_y' })))?.id
    await store.createAccount(account())
    await store.removeAccount('acc_z')
    await scene.prune(30 * DAY)
    expect(await idOfNext()).toBe('acc_z')
    await scene.register({ accountId: 'acc_z' })
    await store.removeAccount('acc_z')
    await scene.advance(DAY + 1)
    await scene.prune(30 * DAY)
    expect(await idOfNext()).toBe('acc_z')
    await scene.poll(SUCCESS)
    await store.removeAccount('acc_z')
    await scene.advance(DAY + 1)
    await scene.prune(30 * DAY)
    expect(await idOfNext()).toBe('acc_y')
  })

  test('throttled, wait for as long as upstream asks, then go on at half the rate', async ({ open }) => {
    await using scene = await openStoreFixture(open, { rate: 5 })
    for (let i = 0; i < 10; i++) await scene.register()
    await throttle(scene, 7 * SECOND)
    await scene.advance(7 * SECOND - 1)
    expect(await scene.claim()).toEqual([])
    await scene.advance(1)
    let taken = 0
    for (let i = 0; i < 20; i++) {
      taken += (await scene.claim()).length
      await scene.advance(50)
    }
    expect(taken).toBe(3)
  })
}
