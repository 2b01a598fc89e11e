import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { FAIL, first, HOOK, type OpenStore, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'

const OTHER_HOOK = 'https://partner.example/other'

const ALL = { idcardid: null, status: null, delivery: null, limit: 1, before: null }

export const describeRegistering = (open: OpenStore): void => {
  test('gives the registration as it is read ever after, due at once', async () => {
    await using bench = await openStoreFixture(open)
    const before = bench.store.now()
    const created = await bench.register({ idcardid: '007', metadata: { order: '42' }, ttlMs: HOUR })
    expect(created).toMatchObject({
      partnerId: bench.partnerId,
      idcardid: '007',
      callbackUrl: HOOK,
      metadata: { order: '42' },
      status: 'pending',
      reason: null,
      verdict: null,
      polls: 0,
      lastPolledAt: null,
      delivery: { messageId: null, state: 'pending', attempts: 0, nextAttemptAt: null },
      expiresAt: created.createdAt + HOUR,
      resolvedAt: null,
    })
    expect(created.createdAt).toBeGreaterThanOrEqual(before)
    expect(created.nextPollAt).toBe(created.createdAt)
    expect(await bench.find(created.id)).toEqual(created)
  })

  test('gives a serial to one partner with all that upstream may take for the same', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    const outcomeOf = async (partnerId: string, idcardid: string) =>
      (await bench.store.register([bench.newRegistration({ partnerId, idcardid })]))[0]?.outcome
    const mine = bench.partnerId
    const seen: unknown[] = []
    for (const [partnerId, idcardid] of [
      [mine, '123'],
      [other, '0123'],
      [other, '123abc'],
      [other, '00123-7'],
      [mine, '0123'],
      [other, '0077'],
      [mine, '77'],
      [mine, '77x'],
      [other, '77'],
      [other, '1234'],
      [other, 'a123'],
      [mine, 'A123'],
    ] as const)
      seen.push(await outcomeOf(partnerId, idcardid))
    const [taken, created] = ['taken', 'created']
    expect(seen).toEqual([
      ...[created, taken, taken, taken, created],
      ...[created, taken, taken, created],
      ...[created, created, created],
    ])
    // Each is asked as it was registered.
    const asked = (await bench.claim()).map(({ verification }) => verification.idcardid)
    expect(asked.toSorted()).toEqual(['0077', '0123', '123', '1234', '77', 'A123', 'a123'])
  })

  test('gives such serials to one partner within a call too, and in each account by itself', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    const items = ['0005', '5', '05b'].map((idcardid, n) =>
      bench.newRegistration({ idcardid, partnerId: n === 0 ? bench.partnerId : other }),
    )
    const elsewhere = bench.newRegistration({ idcardid: '5', partnerId: other, accountId: 'acc_elsewhere' })
    const outcomes = (await bench.store.register([...items, elsewhere])).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['created', 'taken', 'taken', 'created'])
  })

  test('answers the same pair with the existing one, unchanged', async () => {
    await using bench = await openStoreFixture(open)
    const created = await bench.register({ idcardid: '1', metadata: { a: 'b' } })
    await bench.advance(MINUTE)
    const again = bench.newRegistration({ idcardid: '1', metadata: { c: 'd' }, ttlMs: 5 * DAY })
    expect(await bench.store.register([again])).toEqual([{ outcome: 'existing', registration: created }])
    expect(await bench.store.findRegistration(bench.partnerId, again.id)).toBeNull()
  })

  test('keeps a serial for the partner that had it first, even once that one has cancelled', async () => {
    await using bench = await openStoreFixture(open)
    const mine = await bench.register({ idcardid: '1' })
    const other = await bench.addPartner()
    const theirs = () => bench.store.register([bench.newRegistration({ partnerId: other, idcardid: '1' })])
    expect(await theirs()).toEqual([{ outcome: 'taken' }])
    await bench.store.cancel(bench.partnerId, mine.id)
    expect(await theirs()).toEqual([{ outcome: 'taken' }])
  })

  test.each([
    ['cancelled', null],
    ['not found', { kind: 'not_found', code: 4061 }],
  ] as const)('a serial that ended %s, and was never seen, owns its own text alone', async (_, answer) => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    const outcomeOf = async (partnerId: string, idcardid: string) =>
      (await bench.store.register([bench.newRegistration({ partnerId, idcardid })]))[0]?.outcome
    const end = async () => {
      for (const one of (await bench.store.listRegistrations(bench.partnerId, { ...ALL, limit: 9 })).found)
        if (one.status === 'pending' && answer === null) await bench.store.cancel(bench.partnerId, one.id)
      if (answer === null) return
      await bench.advance(3 * HOUR)
      expect(await bench.poll(answer)).toBeGreaterThan(0)
    }
    for (const text of ['20261203', '77-x']) expect(await outcomeOf(bench.partnerId, text)).toBe('created')
    expect(await outcomeOf(other, '20261203-b')).toBe('taken')
    expect(await outcomeOf(other, '77')).toBe('taken')
    await end()
    for (const text of ['20261203', '77-x']) expect(await outcomeOf(other, text)).toBe('taken')
    for (const text of ['20261203-b', '77']) expect(await outcomeOf(other, text)).toBe('created')
    // Two partners never wait for what upstream may take for one serial.
    for (const text of ['20261203', '77-x']) expect(await outcomeOf(bench.partnerId, text)).toBe('taken')
    await bench.advance(HOUR)
    await bench.poll(SUCCESS)
    for (const text of ['20261203', '77-x', '077']) expect(await outcomeOf(bench.partnerId, text)).toBe('taken')
  })

  test('a serial owns its other spellings again once it waits again, and for ever once upstream has shown it', async () => {
    await using bench = await openStoreFixture(open)
    const other = await bench.addPartner()
    const outcomeOf = async (idcardid: string) =>
      (await bench.store.register([bench.newRegistration({ partnerId: other, idcardid })]))[0]?.outcome
    const before = await bench.register({ idcardid: '5-a' })
    await bench.store.cancel(bench.partnerId, before.id)
    const again = await bench.register({ idcardid: '5-a' })
    expect(await outcomeOf('5')).toBe('taken')
    await bench.poll(WAITING)
    await bench.store.cancel(bench.partnerId, again.id)
    expect(await outcomeOf('5')).toBe('taken')
    const told = await bench.register({ idcardid: '6' })
    await bench.poll(SUCCESS)
    await bench.store.cancel(bench.partnerId, told.id)
    expect(await outcomeOf('06')).toBe('taken')
    // Its poll was under way when it was cancelled, and the other spelling was registered before the answer.
    const late = await bench.register({ idcardid: '7' })
    const poll = first(await bench.claim())
    await bench.store.cancel(bench.partnerId, late.id)
    expect(await outcomeOf('07')).toBe('created')
    await bench.store.settleVerifications([bench.answered(poll, SUCCESS)])
    expect(await outcomeOf('07')).toBe('existing')
    expect((await bench.store.register([bench.newRegistration({ idcardid: '7' })]))[0]?.outcome).toBe('taken')
  })

  test('takes the same serial of another account for another one', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register({ idcardid: '1' })
    const other = await bench.addPartner()
    await bench.register({ partnerId: other, idcardid: '1', accountId: 'acc_other' })
  })

  test('asks about a serial once, however many callbacks wait for it, and tells them all', async () => {
    await using bench = await openStoreFixture(open)
    const one = await bench.register({ idcardid: '1' })
    const two = await bench.register({ idcardid: '1', callbackUrl: OTHER_HOOK })
    expect(await bench.poll(SUCCESS)).toBe(1)
    for (const { id } of [one, two])
      expect(await bench.find(id)).toMatchObject({ status: 'succeeded', polls: 1, delivery: { state: 'pending' } })
    expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([one.id, two.id])
  })

  test('tells each its own result and metadata, of several that end at once', async () => {
    await using bench = await openStoreFixture(open)
    const items = ['1', '1', '2'].map((idcardid, n) =>
      bench.newRegistration({ idcardid, callbackUrl: `${HOOK}/${n}`, metadata: { order: `${n}` } }),
    )
    await bench.store.register(items)
    const answerOf = (idcardid: string) => (idcardid === '1' ? SUCCESS : FAIL)
    const claimed = await bench.claim()
    await bench.store.settleVerifications(claimed.map(one => bench.answered(one, answerOf(one.verification.idcardid))))
    const told = new Map((await bench.claimMessages()).map(one => [one.callbackUrl, JSON.parse(one.body).data]))
    for (const { callbackUrl, idcardid, metadata } of items)
      expect(told.get(callbackUrl)).toMatchObject({ idcardid, metadata, status: idcardid === '1' ? 'SUCCESS' : 'FAIL' })
  })

  test('tells a known verdict at once to each of a batch, with no further call', async () => {
    await using bench = await openStoreFixture(open)
    await bench.register({ idcardid: '1' })
    await bench.poll(FAIL)
    await bench.deliver(200)
    await bench.advance(MINUTE)
    const urls = [OTHER_HOOK, `${OTHER_HOOK}/2`]
    const late = urls.map(callbackUrl => bench.newRegistration({ idcardid: '1', callbackUrl }))
    const told = { status: 'failed', verdict: FAIL.kind === 'verdict' && FAIL.verdict, nextPollAt: null }
    expect(await bench.store.register(late)).toMatchObject(
      urls.map(callbackUrl => ({ outcome: 'created', registration: { ...told, callbackUrl } })),
    )
    for (const { id } of late) expect(await bench.find(id)).toMatchObject({ ...told, delivery: { state: 'pending' } })
    expect(await bench.claim()).toEqual([])
    expect((await bench.claimMessages()).map(message => message.callbackUrl)).toEqual(urls)
  })

  test('rings for what it made due, and not where nothing changed', async () => {
    await using bench = await openStoreFixture(open)
    const rung: string[] = []
    bench.store.hints.on('verificationsDue', () => rung.push('verifications'))
    bench.store.hints.on('messagesDue', () => rung.push('messages'))
    await bench.register({ idcardid: '1' })
    expect(rung).toContain('verifications')
    rung.length = 0
    await bench.store.register([bench.newRegistration({ idcardid: '1' })])
    expect(rung).toEqual([])
    await bench.poll(SUCCESS)
    rung.length = 0
    await bench.register({ idcardid: '1', callbackUrl: OTHER_HOOK })
    expect(rung).toContain('messages')
    expect(rung).not.toContain('verifications')
  })

  test('leaves nothing of a batch in which one item fails', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const good = bench.newRegistration()
    await expect(bench.store.register([good, bench.newRegistration({ id })])).rejects.toThrow()
    expect(await bench.store.findRegistration(bench.partnerId, good.id)).toBeNull()
    expect(await bench.claim()).toHaveLength(1)
  })

  test('keeps to the quotas of a partner', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.changePartner(bench.partnerId, { quotas: { pending: 2 } })
    const batch = ['1', '2', '1', '3'].map(idcardid => bench.newRegistration({ idcardid }))
    const registered = await bench.store.register(batch)
    expect(registered.map(one => one.outcome)).toEqual(['created', 'created', 'existing', 'over_quota'])
    expect(registered[3]).toEqual({ outcome: 'over_quota', quota: 'pending', limit: 2 })
    await bench.poll(SUCCESS)
    await bench.advance(MINUTE)
    await bench.register({ idcardid: '3' })
  })

  test('does not count as pending what is told at once in the same batch', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve({ idcardid: '1' })
    await bench.store.changePartner(bench.partnerId, { quotas: { pending: 1 } })
    const items = [{ idcardid: '1', callbackUrl: OTHER_HOOK }, { idcardid: '2' }, { idcardid: '3' }]
    const registered = await bench.store.register(items.map(bench.newRegistration))
    expect(registered.map(one => one.outcome)).toEqual(['created', 'created', 'over_quota'])
  })

  test('keeps to the quota of hosts', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.changePartner(bench.partnerId, { quotas: { hosts: 1 } })
    await bench.register({ callbackUrl: 'https://a.example/1' })
    await bench.register({ callbackUrl: 'https://a.example/2' })
    const [refused] = await bench.store.register([bench.newRegistration({ callbackUrl: 'https://b.example/' })])
    expect(refused).toEqual({ outcome: 'over_quota', quota: 'hosts', limit: 1 })
  })

  test('leaves a serial at most 100 live registrations, however many URLs are named in a batch', async () => {
    await using bench = await openStoreFixture(open)
    const urlOf = (n: number) => ({ idcardid: '1', callbackUrl: `https://partner.example/${n}` })
    const items = Array.from({ length: 150 }, (_, n) => bench.newRegistration(urlOf(n)))
    const outcomes = (await bench.store.register(items)).map(one => one.outcome)
    expect(outcomes.filter(outcome => outcome === 'created')).toHaveLength(100)
    expect(outcomes.slice(100)).toEqual(Array(50).fill('too_many'))
    const again = await bench.store.register([bench.newRegistration(urlOf(7)), bench.newRegistration(urlOf(200))])
    expect(again.map(one => one.outcome)).toEqual(['existing', 'too_many'])
    const [first] = (await bench.store.listRegistrations(bench.partnerId, { ...ALL, idcardid: '1' })).found
    await bench.store.cancel(bench.partnerId, first?.id ?? '')
    await bench.register(urlOf(201))
  })

  test('registers a pair anew that ended unresolved, with a new id and a call at once', async () => {
    await using bench = await openStoreFixture(open)
    const old = await bench.register({ idcardid: '1', ttlMs: 0 })
    await bench.advance(HOUR)
    await bench.poll(WAITING)
    const anew = await bench.register({ idcardid: '1' })
    expect(anew).toMatchObject({ status: 'pending', nextPollAt: bench.store.now() })
    await bench.poll(SUCCESS)
    expect(await bench.find(anew.id)).toMatchObject({ status: 'succeeded' })
    expect(await bench.find(old.id)).toMatchObject({ status: 'unresolved', reason: 'expired' })
  })
}
