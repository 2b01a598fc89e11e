import { DAY } from '../../../src/core/duration.ts'
import type { NewBulkAct } from '../../../src/store/bulk/states.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { FAIL, HOOK, type StoreFixture, SUCCESS, WAITING } from '../../support/store.ts'
import { exhausted, exhaustion } from './replay-fixture.ts'

/** Prepares what a verb needs, and gives the call. */
export type Case = (bench: StoreFixture) => Promise<() => Promise<unknown>>

const BULK: NewBulkAct = {
  id: 'bulk_1',
  partnerId: null,
  act: 'resend',
  filter: ALL_REGISTRATIONS,
  reason: 'why',
  who: 'token_1',
  name: 'Zoë',
  probe: false,
  counted: { count: 1, isCapped: false },
  createdAt: Date.parse('2026-11-25T08:00:00Z'),
}

/** For each verb that does more than write a row: a state in which it has much to do. */
export const CASES: Readonly<Record<string, Case>> = {
  register: async bench => {
    await bench.store.changePartner(bench.partnerId, { quotas: { pending: 2, hosts: 1, daily: 2 } })
    const items = ['1', '1', '2', '3'].map(idcardid => bench.newRegistration({ idcardid }))
    return () => bench.store.register(items)
  },
  cancel: async bench => {
    const { id } = await bench.resolve()
    return () => bench.store.cancel(bench.partnerId, id)
  },
  resend: async bench => {
    const { id } = await bench.resolve()
    await bench.deliver(410)
    return () => bench.store.resend(bench.partnerId, id)
  },
  claimVerifications: async bench => {
    const other = await bench.addPartner()
    for (const partnerId of [bench.partnerId, bench.partnerId, other, other]) await bench.register({ partnerId })
    return () => bench.claimWith({ concurrency: 1 })
  },
  settleVerifications: async bench => {
    for (let n = 0; n < 3; n++) await bench.register()
    const [one, two, three] = await bench.claim()
    if (!one || !two || !three) throw new Error('three were due')
    const settlements = [
      bench.answered(one, SUCCESS),
      bench.answered(two, FAIL),
      bench.answered(three, WAITING, { kind: 'throttle', rampRate: 1, rampAt: 1, allowedAt: 1 }),
    ]
    return () => bench.store.settleVerifications(settlements)
  },
  claimMessages: async bench => {
    await bench.resolve()
    await bench.resolve({ callbackUrl: 'https://other.example/' })
    return () => bench.claimMessagesWith()
  },
  settleMessages: async bench => {
    await bench.resolve()
    await bench.resolve({ callbackUrl: 'https://other.example/' })
    const [one, two] = await bench.claimMessages()
    if (!one || !two) throw new Error('two were due')
    return () => bench.store.settleMessages([bench.received(one, null), bench.received(two, 410)])
  },
  continueBulkActs: async bench => {
    await exhausted(bench)
    await bench.store.createBulkAct(BULK)
    await bench.store.startBulkAct(BULK.id)
    return () => bench.store.continueBulkActs(10)
  },
  enableCallback: async bench => {
    await bench.resolve()
    await bench.deliver(410)
    await bench.resolve()
    await bench.claimMessages()
    return () => bench.store.enableCallback({ partnerId: bench.partnerId, callbackUrl: HOOK }, 'operator')
  },
  prune: async bench => {
    await bench.resolve()
    await bench.deliver(200)
    await bench.advance(DAY)
    return () => bench.store.prune(bench.store.now(), 10, null)
  },
  noteAlerts: async bench => () => bench.store.noteAlerts([exhaustion(bench), exhaustion(bench)]),
}
