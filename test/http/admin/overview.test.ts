import { expect, test } from 'vitest'
import { z } from 'zod'
import { MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { OVERVIEW } from '../../../src/http/admin/overview.ts'
import { ADMIN_TOKEN, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const overview = async (language?: string) => {
  const headers = language === undefined ? {} : { 'accept-language': language }
  const answer = await api.call('GET', '/v1/admin/overview', { key: ADMIN_TOKEN, headers })
  expect(answer.status).toBe(200)
  expect(z.decode(OVERVIEW, z.encode(OVERVIEW, answer.json))).toEqual(answer.json)
  return answer
}

test('tells what waits, of each account and in all', async () => {
  await api.register()
  const since = new Date(api.clock.now).toISOString()
  api.clock.now += MINUTE
  expect((await overview()).json).toMatchObject({
    at: new Date(api.clock.now).toISOString(),
    problems: [],
    accounts: [{ id: api.account.id, account: 'C12345678', rate: 5, waiting: 1, due: 1, oldestDueAt: since }],
    polls: { due: 1, dueIsCapped: false, scheduled: 0, leased: 0, oldestDueAt: since },
    deliveries: { due: 0, held: 0, oldestDueAt: null },
    bulk: { resends: { open: 0, remaining: 0 }, acts: { open: 0, remaining: 0 } },
    disabledPartners: [],
    backup: { good: null, failed: null },
    engine: { kind: 'sqlite', databaseBytes: expect.any(Number) },
  })
})

test('an account that was removed while serials waited was nowhere', async () => {
  const added = { id: 'acc_z', apiId: 'C2', passwordMode: 'dynamic', rate: null, partnerId: null } as const
  await api.store.createAccount({ ...added, apiKey: new Secret('key') })
  await api.register({ account: 'C2' })
  await api.store.pauseAccount('acc_z')
  await api.store.removeAccount('acc_z')
  const { problems, accounts } = (await overview()).json
  expect(problems).toEqual([])
  expect(accounts).toMatchObject([
    { account: 'C2', removed: true, paused: false, waiting: 1 },
    { account: 'C12345678', removed: false },
  ])
  await api.succeed()
  expect((await overview()).json.accounts).toMatchObject([{ account: 'C12345678' }])
})

test('tells what is wrong and what to do, in the language of the caller', async () => {
  await api.register()
  await api.store.pauseAccount(api.account.id)
  const since = new Date(api.clock.now).toISOString()
  const en = await overview('en-GB')
  expect(en.headers.get('content-language')).toBe('en')
  expect(en.json.problems).toEqual([
    {
      code: 'account_paused_by_operator',
      account: 'C12345678',
      path: null,
      since,
      sentence: expect.stringContaining('An operator paused account C12345678'),
      remedy: expect.stringContaining('account resume C12345678'),
      advice: expect.not.stringContaining('account resume'),
    },
  ])
  const zh = await overview('zh-CN')
  expect(zh.headers.get('content-language')).toBe('zh')
  expect(zh.json.problems[0].sentence).toContain('运维人员')
})
