import { expect } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { first, type StoreFixture, SUCCESS, WAITING } from '../../support/store.ts'
import { readAll } from '../support/read-all.ts'
import type { StoreTest } from '../support/store-test.ts'

/** What a verb does when it is called once more, as after an answer that was lost. Prepares, and gives the call. */
const SAME_AGAIN: Record<string, (scene: StoreFixture) => Promise<() => Promise<unknown>>> = {
  register: async scene => {
    const item = scene.newRegistration({ idcardid: '1' })
    await scene.store.register([item])
    return () => scene.store.register([item])
  },
  cancel: async scene => {
    const { id } = await scene.resolve()
    return () => scene.store.cancel(scene.partnerId, id)
  },
  nudge: async scene => {
    const { id } = await scene.register()
    await scene.poll(WAITING)
    return () => scene.store.nudge(scene.partnerId, id)
  },
  resend: async scene => {
    const { id } = await scene.resolve()
    await scene.deliver(500)
    return () => scene.store.resend(scene.partnerId, id)
  },
  changePartner: async scene => () => scene.store.changePartner(scene.partnerId, { payload: 'thin', disabled: true }),
  revokeKey: async scene => {
    await scene.store.createKey(scene.partnerId, { id: 'key_1', hash: Buffer.alloc(32) })
    return () => scene.store.revokeKey('key_1')
  },
  pauseAccount: async scene => () => scene.store.pauseAccount(scene.account.id),
  resumeAccount: async scene => {
    await scene.store.pauseAccount(scene.account.id)
    return () => scene.store.resumeAccount(scene.account.id)
  },
  putDefaultAccount: async scene => {
    const account = { id: 'acc_2', apiId: 'C2', apiKey: new Secret('key'), passwordMode: 'static' as const }
    return () => scene.store.putDefaultAccount(account)
  },
  settleVerifications: async scene => {
    await scene.register()
    const settlement = scene.answered(first(await scene.claim()), SUCCESS)
    return () => scene.store.settleVerifications([settlement])
  },
  settleMessages: async scene => {
    await scene.resolve()
    const settlement = scene.received(first(await scene.claimMessages()), 410)
    return () => scene.store.settleMessages([settlement])
  },
}

export const describeRepeating = (test: StoreTest): void => {
  test.for(Object.entries(SAME_AGAIN))(
    '%s once more, at the same time, changes nothing',
    async ([, prepare], { scene }) => {
      const call = await prepare(scene)
      await call()
      const before = await readAll(scene)
      const again = await call()
      expect(await readAll(scene)).toEqual(before)
      expect(await call()).toEqual(again)
    },
  )
}
