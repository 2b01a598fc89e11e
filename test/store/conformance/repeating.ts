import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { first, type OpenStore, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** What a verb does when it is called once more, as after an answer that was lost. Prepares, and gives the call. */
const SAME_AGAIN: Record<string, (bench: StoreFixture) => Promise<() => Promise<unknown>>> = {
  register: async bench => {
    const item = bench.newRegistration({ idcardid: '1' })
    await bench.store.register([item])
    return () => bench.store.register([item])
  },
  cancel: async bench => {
    const { id } = await bench.resolve()
    return () => bench.store.cancel(bench.partnerId, id)
  },
  nudge: async bench => {
    const { id } = await bench.register()
    await bench.poll(WAITING)
    return () => bench.store.nudge(bench.partnerId, id)
  },
  resend: async bench => {
    const { id } = await bench.resolve()
    await bench.deliver(500)
    return () => bench.store.resend(bench.partnerId, id)
  },
  changePartner: async bench => () => bench.store.changePartner(bench.partnerId, { payload: 'thin', disabled: true }),
  revokeKey: async bench => {
    await bench.store.createKey(bench.partnerId, { id: 'key_1', hash: Buffer.alloc(32) })
    return () => bench.store.revokeKey('key_1')
  },
  pauseAccount: async bench => () => bench.store.pauseAccount(bench.account.id),
  resumeAccount: async bench => {
    await bench.store.pauseAccount(bench.account.id)
    return () => bench.store.resumeAccount(bench.account.id)
  },
  putDefaultAccount: async bench => {
    const account = { id: 'acc_2', apiId: 'C2', apiKey: new Secret('key'), passwordMode: 'static' as const }
    return () => bench.store.putDefaultAccount(account)
  },
  settleVerifications: async bench => {
    await bench.register()
    const settlement = bench.answered(first(await bench.claim()), SUCCESS)
    return () => bench.store.settleVerifications([settlement])
  },
  settleMessages: async bench => {
    await bench.resolve()
    const settlement = bench.received(first(await bench.claimMessages()), 410)
    return () => bench.store.settleMessages([settlement])
  },
}

/** All that a partner reads, and what is due. */
const readAll = async ({ store, partnerId, account }: StoreFixture) => {
  const query = { idcardid: null, status: null, delivery: null, limit: 100, before: null }
  const { found: registrations } = await store.listRegistrations(partnerId, query)
  return {
    registrations,
    explanations: await Promise.all(registrations.map(({ id }) => store.explain(partnerId, id))),
    attempts: await Promise.all(registrations.map(({ id }) => store.listAttempts(partnerId, id))),
    events: await store.listEvents(partnerId, { after: null, limit: 100 }),
    partner: await store.findPartner(partnerId),
    keys: await store.listKeys(partnerId),
    accounts: await store.listAccounts({ limit: 10, after: null }),
    account: await store.findAccount(account.id),
  }
}

export const describeRepeating = (open: OpenStore): void => {
  test.each(Object.entries(SAME_AGAIN))('%s once more, at the same time, changes nothing', async (_, prepare) => {
    await using bench = await openStoreFixture(open)
    const call = await prepare(bench)
    await call()
    const before = await readAll(bench)
    const again = await call()
    expect(await readAll(bench)).toEqual(before)
    expect(await call()).toEqual(again)
  })
}
