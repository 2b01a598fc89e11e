import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS, type RegistrationQuery } from '../../../src/store/registrations/filter.ts'
import { type OpenStore, openStoreFixture, WAITING } from '../../support/store.ts'

const OTHER_HOOK = 'https://other.example/hook'
const ALL: RegistrationQuery = { idcardid: null, status: null, delivery: null, limit: 100, before: null }

/** One registration of each kind, the oldest first. */
const openMixed = async (open: OpenStore) => {
  const bench = await openStoreFixture(open)
  const expired = await bench.register({ idcardid: 'expired', ttlMs: 0 })
  await bench.advance(HOUR)
  await bench.poll(WAITING)
  const delivered = await bench.resolve({ idcardid: 'delivered' })
  await bench.deliver(200)
  const failing = await bench.resolve({ idcardid: 'failing' })
  await bench.deliver(500)
  const cancelled = await bench.register({ idcardid: 'cancelled' })
  await bench.store.cancel(bench.partnerId, cancelled.id)
  const pending = await bench.register({ idcardid: 'pending' })
  const ids = { expired, delivered, failing, cancelled, pending }
  const nameOf = (id: string) => Object.entries(ids).find(([, one]) => one.id === id)?.[0]
  const list = async (query: Partial<RegistrationQuery> = {}, partnerId = bench.partnerId) =>
    (await bench.store.listRegistrations(partnerId, { ...ALL, ...query })).found.map(one => nameOf(one.id))
  return { bench, ids, list }
}

export const describeQueries = (open: OpenStore): void => {
  test('is in line with what the same partner or operator reads, and in front of nobody else', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    const other = await bench.addPartner()
    const ended: string[] = []
    const read = (reader: string, run: () => Promise<unknown>) => run().then(() => void ended.push(reader))
    const status = (reader: string) => read(reader, () => store.statusOf(reader, null))
    const count = (reader: string) =>
      read(reader, () => store.countRegistrations({ filter: ALL_REGISTRATIONS, act: null }, reader))
    await Promise.all([
      ...Array.from({ length: 60 }, () => status(bench.partnerId)),
      ...Array.from({ length: 60 }, () => count('token_1')),
      ...[status(other), count('token_2')],
    ])
    const before = (reader: string, line: string) =>
      ended.slice(0, ended.indexOf(reader)).filter(one => one === line).length
    expect(before(other, bench.partnerId)).toBeLessThan(20)
    expect(before('token_2', 'token_1')).toBeLessThan(20)

    ended.length = 0
    // The robot of operators is not the partner. In line it would be the last of them; beside it, a new connection takes a while.
    const robot = () => read('robot', () => store.givenUpOf(bench.partnerId, 0))
    await Promise.all([...Array.from({ length: 300 }, () => status(bench.partnerId)), robot()])
    expect(before('robot', bench.partnerId)).toBeLessThan(200)
  })

  test('goes on from before a registration, without gaps or repeats', async () => {
    const { bench, ids, list } = await openMixed(open)
    await using _ = bench
    expect(await list({ limit: 2 })).toEqual(['pending', 'cancelled'])
    expect(await list({ limit: 2, before: ids.cancelled.id })).toEqual(['failing', 'delivered'])
    expect(await list({ limit: 2, before: ids.delivered.id })).toEqual(['expired'])
    expect(await list({ limit: 2, before: ids.expired.id })).toEqual([])
  })

  test.each([
    ['pending', ['pending']],
    ['succeeded', ['failing', 'delivered']],
    ['unresolved', ['expired']],
    ['cancelled', ['cancelled']],
    ['failed', []],
  ] as const)('filters by the status %s', async (status, names) => {
    const { bench, list } = await openMixed(open)
    await using _ = bench
    expect(await list({ status })).toEqual(names)
  })

  test('filters by the delivery of a webhook that there is', async () => {
    const { bench, ids, list } = await openMixed(open)
    await using _ = bench
    expect(await list({ delivery: 'delivered' })).toEqual(['delivered', 'expired'])
    expect(await list({ delivery: 'pending' })).toEqual(['failing'])
    expect(await list({ delivery: 'exhausted' })).toEqual([])
    await bench.store.cancel(bench.partnerId, ids.failing.id, 'erase')
    expect(await list({ delivery: 'pending' })).toEqual([])
    expect(await list({ delivery: 'exhausted' })).toEqual(['failing'])
    expect(await list({ delivery: 'exhausted', status: 'cancelled' })).toEqual(['failing'])
  })

  test('finds by metadata, exactly, and by host', async () => {
    await using bench = await openStoreFixture(open)
    const { store, partnerId } = bench
    const other = await bench.addPartner()
    const add = (idcardid: string, metadata: Record<string, string>, more = {}) =>
      bench.register({ idcardid, metadata, ...more })
    const found = async (query: Partial<RegistrationQuery>, whose = partnerId) =>
      (await store.listRegistrations(whose, { ...ALL, ...query })).found.map(({ idcardid }) => idcardid)
    await add('a', { order: '42', shop: '7' })
    await add('b', { order: '42' }, { callbackUrl: OTHER_HOOK })
    await add('c', { order: '420', constructor: 'x' })
    await add('theirs', { order: '42' }, { partnerId: other })
    const cancelled = await add('d', { order: '42' })
    await store.cancel(partnerId, cancelled.id)
    expect(await found({ metadata: { key: 'order', value: '42' } })).toEqual(['b', 'a'])
    expect(await found({ metadata: { key: 'order', value: '42' } }, other)).toEqual(['theirs'])
    const nobody = { ...ALL, metadata: { key: 'order', value: 'none' } }
    expect(await store.listRegistrations(partnerId, nobody)).toEqual({ found: [], next: null, scanned: 4 })
    expect(await found({ metadata: { key: 'Order', value: '42' } })).toEqual([])
    expect(await found({ metadata: { key: 'order', value: '4' } })).toEqual([])
    expect(await found({ metadata: { key: 'constructor', value: 'x' } })).toEqual(['c'])
    expect(await found({ metadata: { key: 'order', value: '42' }, idcardid: 'a' })).toEqual(['a'])
    expect(await found({ metadata: { key: 'order', value: '42' }, host: 'other.example' })).toEqual(['b'])
    expect(await found({ host: 'other.example' })).toEqual(['b'])
  })

  test('tells which of some registrations have ended, whoever has them', async () => {
    const { bench, ids } = await openMixed(open)
    await using _ = bench
    const ended = await bench.store.endedAmong([ids.pending.id, ids.failing.id, ids.cancelled.id, 'reg_nobody'])
    expect(ended.toSorted()).toEqual([ids.failing.id, ids.cancelled.id].toSorted())
    expect(await bench.store.endedAmong([])).toEqual([])
  })

  test('looks many serials up at once, of the partner alone', async () => {
    const { bench, ids } = await openMixed(open)
    await using _ = bench
    const twice = await bench.register({ idcardid: 'failing', callbackUrl: OTHER_HOOK })
    const other = await bench.addPartner()
    const lookUp = (idcardids: string[], limit = 10, partnerId = bench.partnerId) =>
      bench.store.lookUpRegistrations(partnerId, idcardids, limit)
    const found = await lookUp(['expired', 'failing', 'nobody', 'FAILING', 'fail%'])
    expect(found).toEqual([
      await bench.find(twice.id),
      await bench.find(ids.failing.id),
      await bench.find(ids.expired.id),
    ])
    expect(await lookUp(['expired', 'failing'], 3)).toHaveLength(3)
    expect(await lookUp(['expired', 'failing'], 2)).toBeNull()
    expect(await lookUp(['failing'], 10, other)).toEqual([])
    expect(await lookUp([])).toEqual([])
  })

  test('finds the few that match behind very many that do not', { timeout: 60_000 }, async () => {
    await using bench = await openStoreFixture(open)
    const old = await bench.resolve({ idcardid: 'old' })
    await bench.deliver(410)
    await bench.store.register(
      Array.from({ length: 1_200 }, (_, n) => bench.newRegistration({ idcardid: `new-${n}`, callbackUrl: OTHER_HOOK })),
    )
    const verdict = { status: 'FAIL', message: null, livingScore: null, similarity: null } as const
    while ((await bench.poll({ kind: 'verdict', code: 2, verdict })) > 0) await bench.advance(100)
    const list = async (query: Partial<RegistrationQuery>) =>
      (await bench.store.listRegistrations(bench.partnerId, { ...ALL, limit: 2, ...query })).found.map(({ id }) => id)
    expect(await list({ status: 'succeeded', delivery: 'exhausted' })).toEqual([old.id])
    while ((await bench.deliver(410)) > 0 || (await bench.claimMessagesWith()).nextAt !== null) await bench.advance(100)
    await bench.store.resend(bench.partnerId, old.id)
    await bench.deliver(200)
    expect(await list({ delivery: 'delivered' })).toEqual([old.id])
    expect(await list({ status: 'succeeded', delivery: 'pending' })).toEqual([])
  })

  test('explains why there is no webhook yet', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({
      lastAnswer: null,
      lastCode: null,
      rawStatus: null,
      account: { id: bench.account.id, pausedAt: null, pauseReason: null, pauseCode: null },
      lastAttempt: null,
      messageType: null,
      heldSince: null,
      unsignable: false,
      allHeldSince: null,
    })
    await bench.poll(WAITING)
    await bench.store.pauseAccount(bench.account.id)
    const paused = await bench.store.explain(bench.partnerId, id)
    expect(paused).toMatchObject({ lastAnswer: 'waiting', lastCode: 2, rawStatus: 'ING' })
    expect(paused?.account).toMatchObject({ pausedAt: bench.store.now(), pauseReason: 'operator' })
    expect(paused?.registration).toEqual(await bench.find(id))
    expect(paused?.isPartnerDisabled).toBe(false)
    await bench.store.changePartner(bench.partnerId, { disabled: true })
    expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({ isPartnerDisabled: true })
  })

  test('explains how the sending goes', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    await bench.deliver(500)
    await bench.advance(MINUTE)
    await bench.deliver(null)
    expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({
      lastAnswer: 'verdict',
      messageType: 'idface.succeeded',
      lastAttempt: { outcome: 'failed', error: 'no_response' },
    })
  })

  test('is another partner’s: then there is nothing, by any verb', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve({ idcardid: '1' })
    await bench.deliver(500)
    const other = await bench.addPartner()
    const { store } = bench
    const before = await bench.find(id)
    for (const owner of [other, 'partner_nobody']) {
      expect(await store.findRegistration(owner, id)).toBeNull()
      expect(await store.cancel(owner, id)).toBeNull()
      expect(await store.nudge(owner, id)).toBeNull()
      expect(await store.resend(owner, id)).toBeNull()
      expect(await store.listAttempts(owner, id)).toBeNull()
      expect(await store.explain(owner, id)).toBeNull()
      expect(await store.listRegistrations(owner, ALL)).toEqual({ found: [], next: null, scanned: 0 })
      expect((await store.listRegistrations(owner, { ...ALL, idcardid: '1' })).found).toEqual([])
    }
    expect(await bench.find(id)).toEqual(before)
  })
}
