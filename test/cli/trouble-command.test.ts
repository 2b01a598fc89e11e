import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { commandForWebhook } from '../../src/cli/trouble-command.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { HOOK, openStoreFixture } from '../support/store.ts'

test('operators were told to ask the operator, or to POST with the key of a partner', async () => {
  const options = { path: ':memory:', masterKey: randomBytes(32), now: Date.now }
  await using bench = await openStoreFixture(async ({ rate }) => ({
    store: await openSqliteStore({ ...options, defaultRate: rate }),
    advance: () => {},
  }))
  const { store, partnerId } = bench
  const { id } = await bench.resolve()
  const command = async () => {
    const explanation = await store.explain(partnerId, id)
    return explanation && commandForWebhook(explanation)
  }
  expect(await command()).toBeNull()
  await bench.deliver(410)
  expect(await command()).toBe(`resend ${id}`)
  await store.disableCallback({ partnerId, callbackUrl: HOOK })
  // It is held nevertheless.
  expect(await store.resend(partnerId, id)).toBe('resent')
  expect(await command()).toBe(`callback enable ${HOOK} --partner ${partnerId}`)
})
