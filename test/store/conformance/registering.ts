import { expect } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { NewRegistration } from '../../../src/store/registrations/registering.ts'
import { EVERY_REGISTRATION, FAIL, first, HOOK, type StoreFixture, SUCCESS, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const OTHER_HOOK = 'https://partner.example/other'

const outcomeFor = async (scene: StoreFixture, one: Partial<NewRegistration>) =>
  (await scene.store.register([scene.newRegistration(one)]))[0]?.outcome

export const describeRegistering = (test: StoreTest): void => {
  test('gives the registration as it is read ever after, due at once', async ({ scene, store, partnerId }) => {
    const before = store.now()
    const created = await scene.register({ idcardid: '007', metadata: { order: '42' }, ttlMs: HOUR })
    expect(created).toMatchObject({
      partnerId,
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
    expect(await scene.find(created.id)).toEqual(created)
  })

  test('gives a serial to one partner with all that upstream may take for the same', async ({ scene }) => {
    const other = await scene.addPartner()
    const mine = scene.partnerId
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
      seen.push(await outcomeFor(scene, { partnerId, idcardid }))
    const [taken, created] = ['taken', 'created']
    expect(seen).toEqual([
      ...[created, taken, taken, taken, created],
      ...[created, taken, taken, created],
      ...[created, created, created],
    ])
    // Each is asked as it was registered.
    const asked = (await scene.claim()).map(({ verification }) => verification.idcardid)
    expect(asked.toSorted()).toEqual(['0077', '0123', '123', '1234', '77', 'A123', 'a123'])
  })

  test('gives such serials to one partner within a call too, and in each account by itself', async ({ scene }) => {
    const other = await scene.addPartner()
    const items = ['0005', '5', '05b'].map((idcardid, n) =>
      scene.newRegistration({ idcardid, partnerId: n === 0 ? scene.partnerId : other }),
    )
    const elsewhere = scene.newRegistration({ idcardid: '5', partnerId: other, accountId: 'acc_elsewhere' })
    const outcomes = (await scene.store.register([...items, elsewhere])).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['created', 'taken', 'taken', 'created'])
  })

  test('answers the same pair with the existing one, unchanged', async ({ scene, store, partnerId }) => {
    const created = await scene.register({ idcardid: '1', metadata: { a: 'b' } })
    await scene.advance(MINUTE)
    const again = scene.newRegistration({ idcardid: '1', metadata: { c: 'd' }, ttlMs: 5 * DAY })
    expect(await store.register([again])).toEqual([{ outcome: 'existing', registration: created }])
    expect(await store.findRegistration(partnerId, again.id)).toBeNull()
  })

  test('keeps a serial for the partner that had it first, even once that one has cancelled', async ({ scene }) => {
    const mine = await scene.register({ idcardid: '1' })
    const other = await scene.addPartner()
    const theirs = () => scene.store.register([scene.newRegistration({ partnerId: other, idcardid: '1' })])
    expect(await theirs()).toEqual([{ outcome: 'taken' }])
    await scene.store.cancel(scene.partnerId, mine.id)
    expect(await theirs()).toEqual([{ outcome: 'taken' }])
  })

  test.for([
    ['cancelled', null],
    ['not found', { kind: 'not_found', code: 4061 }],
  ] as const)('a serial that ended %s, and was never seen, owns its own text alone', async ([, answer], { scene }) => {
    const other = await scene.addPartner()
    const mine = (idcardid: string) => outcomeFor(scene, { idcardid })
    const theirs = (idcardid: string) => outcomeFor(scene, { partnerId: other, idcardid })
    const end = async () => {
      for (const one of (await scene.store.listRegistrations(scene.partnerId, EVERY_REGISTRATION)).found)
        if (one.status === 'pending' && answer === null) await scene.store.cancel(scene.partnerId, one.id)
      if (answer === null) return
      await scene.advance(3 * HOUR)
      expect(await scene.poll(answer)).toBeGreaterThan(0)
    }
    for (const text of ['20261203', '77-x']) expect(await mine(text)).toBe('created')
    expect(await theirs('20261203-b')).toBe('taken')
    expect(await theirs('77')).toBe('taken')
    await end()
    for (const text of ['20261203', '77-x']) expect(await theirs(text)).toBe('taken')
    for (const text of ['20261203-b', '77']) expect(await theirs(text)).toBe('created')
    // Two partners never wait for what upstream may take for one serial.
    for (const text of ['20261203', '77-x']) expect(await mine(text)).toBe('taken')
    await scene.advance(HOUR)
    await scene.poll(SUCCESS)
    for (const text of ['20261203', '77-x', '077']) expect(await mine(text)).toBe('taken')
  })

  test('a serial owns its other spellings again once it waits again, and for ever once upstream has shown it', async ({
    scene,
  }) => {
    const other = await scene.addPartner()
    const outcomeOf = (idcardid: string) => outcomeFor(scene, { partnerId: other, idcardid })
    const before = await scene.register({ idcardid: '5-a' })
    await scene.store.cancel(scene.partnerId, before.id)
    const again = await scene.register({ idcardid: '5-a' })
    expect(await outcomeOf('5')).toBe('taken')
    await scene.poll(WAITING)
    await scene.store.cancel(scene.partnerId, again.id)
    expect(await outcomeOf('5')).toBe('taken')
    const told = await scene.register({ idcardid: '6' })
    await scene.poll(SUCCESS)
    await scene.store.cancel(scene.partnerId, told.id)
    expect(await outcomeOf('06')).toBe('taken')
    // Its poll was under way when it was cancelled, and the other spelling was registered before the answer.
    const late = await scene.register({ idcardid: '7' })
    const poll = first(await scene.claim())
    await scene.store.cancel(scene.partnerId, late.id)
    expect(await outcomeOf('07')).toBe('created')
    await scene.store.settleVerifications([scene.answered(poll, SUCCESS)])
    expect(await outcomeOf('07')).toBe('existing')
    expect(await outcomeFor(scene, { idcardid: '7' })).toBe('taken')
  })

  test('takes the same serial of another account for another one', async ({ scene }) => {
    await scene.register({ idcardid: '1' })
    const other = await scene.addPartner()
    await scene.register({ partnerId: other, idcardid: '1', accountId: 'acc_other' })
  })

  test('asks about a serial once, however many callbacks wait for it, and tells them all', async ({ scene }) => {
    const one = await scene.register({ idcardid: '1' })
    const two = await scene.register({ idcardid: '1', callbackUrl: OTHER_HOOK })
    expect(await scene.poll(SUCCESS)).toBe(1)
    for (const { id } of [one, two])
      expect(await scene.find(id)).toMatchObject({ status: 'succeeded', polls: 1, delivery: { state: 'pending' } })
    expect(await scene.claimedIds()).toEqual([one.id, two.id])
  })

  test('tells each its own result and metadata, of several that end at once', async ({ scene, store }) => {
    const items = ['1', '1', '2'].map((idcardid, n) =>
      scene.newRegistration({ idcardid, callbackUrl: `${HOOK}/${n}`, metadata: { order: `${n}` } }),
    )
    await store.register(items)
    const answerOf = (idcardid: string) => (idcardid === '1' ? SUCCESS : FAIL)
    const claimed = await scene.claim()
    await store.settleVerifications(claimed.map(one => scene.answered(one, answerOf(one.verification.idcardid))))
    const told = new Map((await scene.claimMessages()).map(one => [one.callbackUrl, JSON.parse(one.body).data]))
    for (const { callbackUrl, idcardid, metadata } of items)
      expect(told.get(callbackUrl)).toMatchObject({ idcardid, metadata, status: idcardid === '1' ? 'SUCCESS' : 'FAIL' })
  })

  test('tells a known verdict at once to each of a batch, with no further call', async ({ scene, store }) => {
    await scene.register({ idcardid: '1' })
    await scene.poll(FAIL)
    await scene.deliver(200)
    await scene.advance(MINUTE)
    const urls = [OTHER_HOOK, `${OTHER_HOOK}/2`]
    const late = urls.map(callbackUrl => scene.newRegistration({ idcardid: '1', callbackUrl }))
    const told = { status: 'failed', verdict: FAIL.verdict, nextPollAt: null }
    expect(await store.register(late)).toMatchObject(
      urls.map(callbackUrl => ({ outcome: 'created', registration: { ...told, callbackUrl } })),
    )
    for (const { id } of late) expect(await scene.find(id)).toMatchObject({ ...told, delivery: { state: 'pending' } })
    expect(await scene.claim()).toEqual([])
    expect((await scene.claimMessages()).map(message => message.callbackUrl)).toEqual(urls)
  })

  test('emits hints for due rows, and none where nothing changed', async ({ scene, store }) => {
    const rung: string[] = []
    store.hints.on('verificationsDue', () => rung.push('verifications'))
    store.hints.on('messagesDue', () => rung.push('messages'))
    await scene.register({ idcardid: '1' })
    expect(rung).toContain('verifications')
    rung.length = 0
    await store.register([scene.newRegistration({ idcardid: '1' })])
    expect(rung).toEqual([])
    await scene.poll(SUCCESS)
    rung.length = 0
    await scene.register({ idcardid: '1', callbackUrl: OTHER_HOOK })
    expect(rung).toContain('messages')
    expect(rung).not.toContain('verifications')
  })

  test('leaves nothing of a batch in which one item fails', async ({ scene, store, partnerId }) => {
    const { id } = await scene.register()
    const good = scene.newRegistration()
    await expect(store.register([good, scene.newRegistration({ id })])).rejects.toThrow()
    expect(await store.findRegistration(partnerId, good.id)).toBeNull()
    expect(await scene.claim()).toHaveLength(1)
  })

  test('keeps to the quotas of a partner', async ({ scene, store, partnerId }) => {
    await store.changePartner(partnerId, { quotas: { pending: 2 } })
    const batch = ['1', '2', '1', '3'].map(idcardid => scene.newRegistration({ idcardid }))
    const registered = await store.register(batch)
    expect(registered.map(one => one.outcome)).toEqual(['created', 'created', 'existing', 'over_quota'])
    expect(registered[3]).toEqual({ outcome: 'over_quota', quota: 'pending', limit: 2 })
    await scene.poll(SUCCESS)
    await scene.advance(MINUTE)
    await scene.register({ idcardid: '3' })
  })

  test('does not count known verdicts in the same batch as pending', async ({ scene, store, partnerId }) => {
    await scene.resolve({ idcardid: '1' })
    await store.changePartner(partnerId, { quotas: { pending: 1 } })
    const items = [{ idcardid: '1', callbackUrl: OTHER_HOOK }, { idcardid: '2' }, { idcardid: '3' }]
    const registered = await store.register(items.map(scene.newRegistration))
    expect(registered.map(one => one.outcome)).toEqual(['created', 'created', 'over_quota'])
  })

  test('keeps to the quota of hosts', async ({ scene, store, partnerId }) => {
    await store.changePartner(partnerId, { quotas: { hosts: 1 } })
    await scene.register({ callbackUrl: 'https://a.example/1' })
    await scene.register({ callbackUrl: 'https://a.example/2' })
    const [refused] = await store.register([scene.newRegistration({ callbackUrl: 'https://b.example/' })])
    expect(refused).toEqual({ outcome: 'over_quota', quota: 'hosts', limit: 1 })
  })

  test('leaves a serial at most 100 live registrations, however many URLs are named in a batch', async ({ scene }) => {
    const urlOf = (n: number) => ({ idcardid: '1', callbackUrl: `https://partner.example/${n}` })
    const items = Array.from({ length: 150 }, (_, n) => scene.newRegistration(urlOf(n)))
    const outcomes = (await scene.store.register(items)).map(one => one.outcome)
    expect(outcomes.filter(outcome => outcome === 'created')).toHaveLength(100)
    expect(outcomes.slice(100)).toEqual(Array(50).fill('too_many'))
    const again = await scene.store.register([scene.newRegistration(urlOf(7)), scene.newRegistration(urlOf(200))])
    expect(again.map(one => one.outcome)).toEqual(['existing', 'too_many'])
    const [first] = (await scene.store.listRegistrations(scene.partnerId, { ...EVERY_REGISTRATION, idcardid: '1' }))
      .found
    await scene.store.cancel(scene.partnerId, first?.id ?? '')
    await scene.register(urlOf(201))
  })

  test('registers a pair anew that ended unresolved, with a new id and a call at once', async ({ scene, store }) => {
    const old = await scene.register({ idcardid: '1', ttlMs: 0 })
    await scene.advance(HOUR)
    await scene.poll(WAITING)
    const anew = await scene.register({ idcardid: '1' })
    expect(anew).toMatchObject({ status: 'pending', nextPollAt: store.now() })
    await scene.poll(SUCCESS)
    expect(await scene.find(anew.id)).toMatchObject({ status: 'succeeded' })
    expect(await scene.find(old.id)).toMatchObject({ status: 'unresolved', reason: 'expired' })
  })
}
