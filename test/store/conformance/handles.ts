import { test as base, expect } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Registered } from '../../../src/store/registrations/registering.ts'
import type { Store } from '../../../src/store/store.ts'
import { CLAIM_ALL, claimedOf, FAIL, first, type OpenedStore, openStoreFixture, SUCCESS } from '../../support/store.ts'

/** `other`: a second handle of the same database, by the same clock. */
export type OpenTwo = (options: { rate: number }) => Promise<OpenedStore & { other: Store }>

const openNodes = async (open: OpenTwo) => {
  let other: Store | null = null
  const scene = await openStoreFixture(async options => {
    const opened = await open(options)
    other = opened.other
    return opened
  })
  const second = other as Store | null
  if (second === null) throw new Error('it was opened')
  // With a connection each, what both do at once overlaps.
  for (const one of [second, scene.store]) await Promise.all([one.claimContacts(1), one.claimContacts(1)])
  const claims = { busy: new Map(), concurrency: 100, leaseMs: MINUTE }
  return {
    scene,
    other: second,
    /** The same call of both handles at once. */
    both: <T>(call: (store: Store) => Promise<T>): Promise<[T, T]> => Promise.all([call(scene.store), call(second)]),
    claim: async (store: Store) => claimedOf(await store.claimVerifications(claims)),
    claimMessages: async (store: Store) => (await store.claimMessages(CLAIM_ALL)).messages,
    close: async () => {
      await second.close()
      await scene.store.close()
    },
  }
}

const outcomesOf = (registered: readonly Registered[][]) =>
  registered
    .flat()
    .map(({ outcome }) => outcome)
    .sort()

/** What two nodes on one database promise each other. */
export const describeHandles = (open: OpenTwo): void => {
  const test = base
    .extend('open', () => open)
    .extend('nodes', async ({ open }, { onCleanup }) => {
      const nodes = await openNodes(open)
      onCleanup(nodes.close)
      return nodes
    })

  test('claim alerts once, when both claim at once', async ({ nodes }) => {
    const { scene, both } = nodes
    await scene.store.noteAlerts(
      ['partner_1', 'partner_2'].map(subject => ({
        ...{ condition: 'message.exhausted' as const, subject, at: scene.store.now(), adds: 1 },
        details: { partnerId: subject, host: 'partner.example', error: 'timeout' },
      })),
    )
    const claims = await both(store => store.claimAlerts({ limit: 1, leaseMs: MINUTE, gapMs: MINUTE }))
    expect(claims.flat()).toHaveLength(1)
  })

  test('claim a contact once, when both claim at once', async ({ nodes }) => {
    const { scene, both } = nodes
    await scene.store.putContact(scene.partnerId, { url: 'https://a.example/', secret: null, language: 'en' })
    await scene.store.disableCallback({ partnerId: scene.partnerId, callbackUrl: 'https://partner.example/hook' })
    await scene.advance(MINUTE)
    expect((await both(store => store.claimContacts(5))).flat()).toHaveLength(1)
  })

  test('claim a verification once, when both claim at once', async ({ nodes }) => {
    const { scene, both, claim } = nodes
    await scene.store.register(Array.from({ length: 20 }, () => scene.newRegistration()))
    const ids = (await both(claim)).flat().map(({ verification }) => verification.id)
    expect(ids).toHaveLength(20)
    expect(new Set(ids).size).toBe(20)
  })

  test('claim a message once, when both claim at once', async ({ nodes }) => {
    const { scene, both, claimMessages } = nodes
    await scene.store.register(Array.from({ length: 20 }, () => scene.newRegistration()))
    await scene.poll(SUCCESS)
    const seqs = (await both(claimMessages)).flat().map(({ seq }) => seq)
    expect(seqs).toHaveLength(20)
    expect(new Set(seqs).size).toBe(20)
  })

  test('create a registration once, when both register the pair at once', async ({ nodes }) => {
    const { scene, both } = nodes
    const registered = await both(store => store.register([scene.newRegistration({ idcardid: '1' })]))
    expect(outcomesOf(registered)).toEqual(['created', 'existing'])
  })

  test('keep a serial for one partner, when two register it at once', async ({ nodes }) => {
    const { scene, other } = nodes
    const theirs = scene.newRegistration({ idcardid: '1', partnerId: await scene.addPartner() })
    const registered = await Promise.all([
      scene.store.register([scene.newRegistration({ idcardid: '1' })]),
      other.register([theirs]),
    ])
    expect(outcomesOf(registered)).toEqual(['created', 'taken'])
  })

  test('keep one verdict and tell it once, when both bring another at once', async ({ nodes }) => {
    const { scene, other, claim, claimMessages } = nodes
    const { id } = await scene.register()
    const stale = first(await claim(scene.store))
    await scene.advance(MINUTE)
    const held = first(await claim(other))
    await Promise.all([
      scene.store.settleVerifications([scene.answered(stale, SUCCESS)]),
      other.settleVerifications([scene.answered(held, FAIL)]),
    ])
    const { status, verdict } = await scene.find(id)
    expect(verdict?.status).toBe(status === 'succeeded' ? 'SUCCESS' : 'FAIL')
    expect(await claimMessages(other)).toHaveLength(1)
    expect(await scene.store.listEvents(scene.partnerId, { after: null, limit: 10 })).toMatchObject({
      events: [{ registrationId: id, position: { n: 1 } }],
    })
  })

  test('tell the verdict of a registration that one cancels while the other brings it, unless the cancel came first', async ({
    nodes,
  }) => {
    const { scene, other, claim, claimMessages } = nodes
    const { id } = await scene.register()
    const claimed = first(await claim(other))
    const [cancelled] = await Promise.all([
      scene.store.cancel(scene.partnerId, id),
      other.settleVerifications([scene.answered(claimed, SUCCESS)]),
    ])
    const { status } = (await scene.find(id)) ?? {}
    expect(cancelled?.registration.status).toBe(status)
    const told = (await claimMessages(other)).map(({ registrationId }) => registrationId)
    expect([status, told]).toEqual(told.length === 0 ? ['cancelled', []] : ['succeeded', [id]])
  })

  test('tell nobody of a registration that one erases while the other brings its verdict', async ({ nodes }) => {
    const { scene, other, claim, claimMessages } = nodes
    const { id } = await scene.register()
    const claimed = first(await claim(other))
    await Promise.all([
      scene.store.cancel(scene.partnerId, id, 'erase'),
      other.settleVerifications([scene.answered(claimed, SUCCESS)]),
    ])
    expect(await scene.find(id)).toMatchObject({ status: 'cancelled', nextPollAt: null })
    expect(await claimMessages(other)).toEqual([])
    expect(await scene.store.listEvents(scene.partnerId, { after: null, limit: 10 })).toMatchObject({ events: [] })
  })

  test('number the events of a partner without a gap, when both end registrations at once', async ({ nodes }) => {
    const { scene, both, claim } = nodes
    await scene.store.register(Array.from({ length: 10 }, () => scene.newRegistration()))
    const claimed = await claim(scene.store)
    const halves = [claimed.slice(0, 5), claimed.slice(5)]
    await both(store => store.settleVerifications((halves.shift() ?? []).map(one => scene.answered(one, SUCCESS))))
    const page = await scene.store.listEvents(scene.partnerId, { after: null, limit: 100 })
    if (page.outcome !== 'page') throw new Error('there is no position to lose')
    expect(page.events.map(({ position }) => position.n)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1))
  })

  test('give a name to one partner, when both give it to another at once', async ({ nodes }) => {
    const { scene, both } = nodes
    const partners = [scene.partnerId, await scene.addPartner()]
    const named = await both(store => Promise.allSettled([store.changePartner(partners.pop() ?? '', { name: 'same' })]))
    expect(named.flatMap(([{ status }]) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('leave one signing secret without an end, when both rotate it at once', async ({ nodes }) => {
    const { scene, both } = nodes
    let ids = 1
    const rotate = (store: Store, overlapMs: number) => {
      const added = { id: `secret_${++ids}`, type: 'v1' as const, text: new Secret('whsec_x') }
      return store.rotateSigningSecret(scene.partnerId, added, overlapMs)
    }
    for (let round = 0; round < 10; round++) {
      await both(store => rotate(store, MINUTE))
      const ends = (await scene.store.listSigningSecrets(scene.partnerId)).map(({ expiresAt }) => expiresAt)
      expect(ends.filter(at => at === null)).toHaveLength(1)
      await rotate(scene.store, 0)
    }
  })
}
