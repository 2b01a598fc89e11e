import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { commandFor, commandForWebhook } from '../../src/cli/trouble-command.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { HOOK, openStoreFixture } from '../support/store.ts'

test('a failed backup was tried again into a file of the name FILE', () => {
  const failed = { code: 'backup_failed', since: 1, reason: 'not_usable' } as const
  expect(commandFor({ ...failed, path: '/back up/1.db' })).toBe("idface-notifier backup '/back up/1.db'")
  expect(commandFor(failed)).toBeNull()
})

test('a backup that is due goes where the last one went, not to a folder that there may not be', () => {
  const stale = { code: 'backup_stale', since: 1, madeAt: 1 } as const
  expect(commandFor({ ...stale, path: '/data/bk/1.db' })).toMatch(/ backup \/data\/bk\/notifier-\$/)
})

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
