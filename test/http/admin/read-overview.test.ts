import { expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { readOverview } from '../../../src/http/admin/overview.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'

test('where nothing else tells whether a service works, the nodes do', async () => {
  let now = Date.parse('2026-11-24T08:00:00Z')
  const masterKey = Buffer.alloc(32, 7)
  const store = await openSqliteStore({ path: ':memory:', masterKey, now: () => now, defaultRate: 5 })
  const problems = async () => {
    const reader = { language: 'en', isServed: null } as const
    return (await readOverview(store, reader)).problems.map(({ code }) => code)
  }
  expect(await problems()).toEqual(['no_service'])
  await store.beatNode({
    id: 'node_1',
    name: 'a:1',
    version: '1',
    settings: 's',
    clockAheadMs: null,
    answers: null,
    roles: ['poll'],
  })
  now += 30 * SECOND
  expect(await problems()).toEqual([])
  now += 1
  expect(await problems()).toEqual(['no_service'])
  await store.close()
})
