import { expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS, type RegistrationQuery } from '../../../src/store/registrations/filter.ts'
import { EVERY_REGISTRATION, FAIL, type StoreFixture, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const OTHER_HOOK = 'https://other.example/hook'

/** One registration of each kind, the oldest first. */
const registerMixed = async (scene: StoreFixture) => {
  const expired = await scene.register({ idcardid: 'expired', ttlMs: 0 })
  await scene.advance(HOUR)
  await scene.poll(WAITING)
  const delivered = await scene.resolve({ idcardid: 'delivered' })
  await scene.deliver(200)
  const failing = await scene.resolve({ idcardid: 'failing' })
  await scene.deliver(500)
  const cancelled = await scene.register({ idcardid: 'cancelled' })
  await scene.store.cancel(scene.partnerId, cancelled.id)
  const pending = await scene.register({ idcardid: 'pending' })
  const ids = { expired, delivered, failing, cancelled, pending }
  const nameOf = (id: string) => Object.entries(ids).find(([, one]) => one.id === id)?.[0]
  const list = async (query: Partial<RegistrationQuery> = {}, partnerId = scene.partnerId) =>
    (await scene.store.listRegistrations(partnerId, { ...EVERY_REGISTRATION, ...query })).found.map(one =>
      nameOf(one.id),
    )
  return { ids, list }
}

export const describeQueries = (test: StoreTest): void => {
  test('is in line with reads of the same partner or operator, and in front of nobody else', async ({ scene }) => {
    const { store } = scene
    const other = await scene.addPartner()
    const ended: string[] = []
    const read = (reader: string, run: () => Promise<unknown>) => run().then(() => void ended.push(reader))
    const status = (reader: string) => read(reader, () => store.statusOf(reader, null))
    const count = (reader: string) =>
      read(reader, () => store.countRegistrations({ filter: ALL_REGISTRATIONS, act: null }, reader))
    // The other reader's connection may have to be opened first: a line of 300 takes longer than that, on a busy machine too.
    const [line, most] = [{ length: 300 }, 200]
    await Promise.all([
      ...Array.from(line, () => status(scene.partnerId)),
      ...Array.from(line, () => count('token_1')),
      ...[status(other), count('token_2')],
    ])
    const before = (reader: string, line: string) =>
      ended.slice(0, ended.indexOf(reader)).filter(one => one === line).length
    expect(before(other, scene.partnerId)).toBeLessThan(most)
    expect(before('token_2', 'token_1')).toBeLessThan(most)

    ended.length = 0
    // The robot of operators is not the partner. In line it would be the last of them.
    const robot = () => read('robot', () => store.givenUpOf(scene.partnerId, 0))
    await Promise.all([...Array.from(line, () => status(scene.partnerId)), robot()])
    expect(before('robot', scene.partnerId)).toBeLessThan(most)
  })

  test('goes on from before a registration, without gaps or repeats', async ({ scene }) => {
    const { ids, list } = await registerMixed(scene)
    expect(await list({ limit: 2 })).toEqual(['pending', 'cancelled'])
    expect(await list({ limit: 2, before: ids.cancelled.id })).toEqual(['failing', 'delivered'])
    expect(await list({ limit: 2, before: ids.delivered.id })).toEqual(['expired'])
    expect(await list({ limit: 2, before: ids.expired.id })).toEqual([])
  })

  test.for([
    ['pending', ['pending']],
    ['succeeded', ['failing', 'delivered']],
    ['unresolved', ['expired']],
    ['cancelled', ['cancelled']],
    ['failed', []],
  ] as const)('filters by the status %s', async ([status, names], { scene }) => {
    const { list } = await registerMixed(scene)
    expect(await list({ status })).toEqual(names)
  })

  test('filters by the delivery of a webhook that there is', async ({ scene, store, partnerId }) => {
    const { ids, list } = await registerMixed(scene)
    expect(await list({ delivery: 'delivered' })).toEqual(['delivered', 'expired'])
    expect(await list({ delivery: 'pending' })).toEqual(['failing'])
    expect(await list({ delivery: 'exhausted' })).toEqual([])
    await store.cancel(partnerId, ids.failing.id, 'erase')
    expect(await list({ delivery: 'pending' })).toEqual([])
    expect(await list({ delivery: 'exhausted' })).toEqual(['failing'])
    expect(await list({ delivery: 'exhausted', status: 'cancelled' })).toEqual(['failing'])
  })

  test('finds by metadata, exactly, and by host', async ({ scene }) => {
    const { store, partnerId } = scene
    const other = await scene.addPartner()
    const add = (idcardid: string, metadata: Record<string, string>, more = {}) =>
      scene.register({ idcardid, metadata, ...more })
    const found = async (query: Partial<RegistrationQuery>, whose = partnerId) =>
      (await store.listRegistrations(whose, { ...EVERY_REGISTRATION, ...query })).found.map(({ idcardid }) => idcardid)
    await add('a', { order: '42', shop: '7' })
    await add('b', { order: '42' }, { callbackUrl: OTHER_HOOK })
    await add('c', { order: '420', constructor: 'x' })
    await add('theirs', { order: '42' }, { partnerId: other })
    const cancelled = await add('d', { order: '42' })
    await store.cancel(partnerId, cancelled.id)
    expect(await found({ metadata: { key: 'order', value: '42' } })).toEqual(['b', 'a'])
    expect(await found({ metadata: { key: 'order', value: '42' } }, other)).toEqual(['theirs'])
    const nobody = { ...EVERY_REGISTRATION, metadata: { key: 'order', value: 'none' } }
    expect(await store.listRegistrations(partnerId, nobody)).toEqual({ found: [], next: null, scanned: 4 })
    expect(await found({ metadata: { key: 'Order', value: '42' } })).toEqual([])
    expect(await found({ metadata: { key: 'order', value: '4' } })).toEqual([])
    expect(await found({ metadata: { key: 'constructor', value: 'x' } })).toEqual(['c'])
    expect(await found({ metadata: { key: 'order', value: '42' }, idcardid: 'a' })).toEqual(['a'])
    expect(await found({ metadata: { key: 'order', value: '42' }, host: 'other.example' })).toEqual(['b'])
    expect(await found({ host: 'other.example' })).toEqual(['b'])
  })

  test('returns the ended ones of some registrations, of any partner', async ({ scene, store }) => {
    const { ids } = await registerMixed(scene)
    const ended = await store.endedAmong([ids.pending.id, ids.failing.id, ids.cancelled.id, 'reg_nobody'])
    expect(ended.toSorted()).toEqual([ids.failing.id, ids.cancelled.id].toSorted())
    expect(await store.endedAmong([])).toEqual([])
  })

  test('looks many serials up at once, of the partner alone', async ({ scene, store }) => {
    const { ids } = await registerMixed(scene)
    const twice = await scene.register({ idcardid: 'failing', callbackUrl: OTHER_HOOK })
    const other = await scene.addPartner()
    const lookUp = (idcardids: string[], limit = 10, partnerId = scene.partnerId) =>
      store.lookUpRegistrations(partnerId, idcardids, limit)
    const found = await lookUp(['expired', 'failing', 'nobody', 'FAILING', 'fail%'])
    expect(found).toEqual([
      await scene.find(twice.id),
      await scene.find(ids.failing.id),
      await scene.find(ids.expired.id),
    ])
    expect(await lookUp(['expired', 'failing'], 3)).toHaveLength(3)
    expect(await lookUp(['expired', 'failing'], 2)).toBeNull()
    expect(await lookUp(['failing'], 10, other)).toEqual([])
    expect(await lookUp([])).toEqual([])
  })

  test('finds the few that match behind very many that do not', { timeout: 60_000 }, async ({ scene }) => {
    const old = await scene.resolve({ idcardid: 'old' })
    await scene.deliver(410)
    await scene.store.register(
      Array.from({ length: 1_200 }, (_, n) => scene.newRegistration({ idcardid: `new-${n}`, callbackUrl: OTHER_HOOK })),
    )
    while ((await scene.poll(FAIL)) > 0) await scene.advance(100)
    const list = async (query: Partial<RegistrationQuery>) =>
      (await scene.store.listRegistrations(scene.partnerId, { ...EVERY_REGISTRATION, limit: 2, ...query })).found.map(
        ({ id }) => id,
      )
    expect(await list({ status: 'succeeded', delivery: 'exhausted' })).toEqual([old.id])
    while ((await scene.deliver(410)) > 0 || (await scene.claimMessagesWith()).nextAt !== null) await scene.advance(100)
    await scene.store.resend(scene.partnerId, old.id)
    await scene.deliver(200)
    expect(await list({ delivery: 'delivered' })).toEqual([old.id])
    expect(await list({ status: 'succeeded', delivery: 'pending' })).toEqual([])
  })

  test('explains why there is no webhook yet', async ({ scene, store, partnerId }) => {
    const { id } = await scene.register()
    expect(await store.explain(partnerId, id)).toMatchObject({
      lastAnswer: null,
      lastCode: null,
      rawStatus: null,
      account: { id: scene.account.id, pausedAt: null, pauseReason: null, pauseCode: null },
      lastAttempt: null,
      messageType: null,
      heldSince: null,
      unsignable: false,
      allHeldSince: null,
    })
    await scene.poll(WAITING)
    await store.pauseAccount(scene.account.id)
    const paused = await store.explain(partnerId, id)
    expect(paused).toMatchObject({ lastAnswer: 'waiting', lastCode: 2, rawStatus: 'ING' })
    expect(paused?.account).toMatchObject({ pausedAt: store.now(), pauseReason: 'operator' })
    expect(paused?.registration).toEqual(await scene.find(id))
    expect(paused?.isPartnerDisabled).toBe(false)
    await store.changePartner(partnerId, { disabled: true })
    expect(await store.explain(partnerId, id)).toMatchObject({ isPartnerDisabled: true })
  })

  test('explains how the sending goes', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    await scene.deliver(500)
    await scene.advance(MINUTE)
    await scene.deliver(null)
    expect(await store.explain(partnerId, id)).toMatchObject({
      lastAnswer: 'verdict',
      messageType: 'idface.succeeded',
      lastAttempt: { outcome: 'failed', error: 'no_response' },
    })
  })

  test('is another partner’s: then there is nothing, by any verb', async ({ scene, store }) => {
    const { id } = await scene.resolve({ idcardid: '1' })
    await scene.deliver(500)
    const other = await scene.addPartner()
    const before = await scene.find(id)
    for (const owner of [other, 'partner_nobody']) {
      expect(await store.findRegistration(owner, id)).toBeNull()
      expect(await store.cancel(owner, id)).toBeNull()
      expect(await store.nudge(owner, id)).toBeNull()
      expect(await store.resend(owner, id)).toBeNull()
      expect(await store.listAttempts(owner, id)).toBeNull()
      expect(await store.explain(owner, id)).toBeNull()
      expect(await store.listRegistrations(owner, EVERY_REGISTRATION)).toEqual({ found: [], next: null, scanned: 0 })
      expect((await store.listRegistrations(owner, { ...EVERY_REGISTRATION, idcardid: '1' })).found).toEqual([])
    }
    expect(await scene.find(id)).toEqual(before)
  })
}
