import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ERASE, HOSTS_OF, OF_GROUPS, OF_SERIES } from '../../../src/store/history/history.ts'
import { FIRST_PARTNERS } from '../../../src/store/messages/claims.ts'
import { openConnection } from '../../../src/store/sqlite/connection.ts'
import type { Sql, Values } from '../../../src/store/tx.ts'
import { DUE_PARTNERS } from '../../../src/store/verifications/queue-heads.ts'

const MIGRATIONS = ['0000_baseline', '0003_history'].map(
  name => new URL(`../../../migrations/sqlite/${name}.sql`, import.meta.url),
)

/** What SQLite says of how it runs a statement. */
const planOf = async (sql: Sql, values: Values): Promise<string[]> => {
  const connection = openConnection(':memory:', { now: () => 7, onBroken: () => {} })
  onTestFinished(() => connection.close())
  for (const migration of MIGRATIONS) connection.client.exec(readFileSync(migration, 'utf8'))
  const prepared = vi.spyOn(connection.client, 'prepare')
  await connection.read(tx => tx.all(sql, values))
  const text = prepared.mock.calls.at(-1)?.[0]
  const bound = Object.entries(values).map(([name, value]) => [
    name,
    Array.isArray(value) ? JSON.stringify(value) : value,
  ])
  const steps = connection.client.prepare(`EXPLAIN QUERY PLAN ${text}`).all(Object.fromEntries(bound)) as {
    detail: string
  }[]
  return steps.map(({ detail }) => detail)
}

test.each<[string, Sql, Values]>([
  ['the partners of the first lanes', FIRST_PARTNERS, {}],
  ['the partners of whom something is due', DUE_PARTNERS, { accountId: 'acc_1', partnerId: 'par_1', at: 7 }],
])('%s are found by an index, in its order', async (_, sql, values) => {
  const steps = await planOf(sql, values)
  expect(steps).not.toEqual([])
  // So the statements name the tables.
  expect(steps.filter(step => /^SCAN [lpv]\b(?!.* USING )|TEMP B-TREE FOR ORDER/.test(step))).toEqual([])
})

const SERIES = { accountId: '', partnerId: 'par_1', host: 'a.example', times: [0, MINUTE] }
test.each<[string, Sql, Values, string]>([
  [
    'the history of a series',
    OF_SERIES,
    { ...SERIES, stepMs: MINUTE, bucketMs: HOUR },
    'step_ms=? AND at=? AND account_id=? AND partner_id=? AND host=?',
  ],
  ['the hosts of a partner', HOSTS_OF.groups, SERIES, 'step_ms=? AND at=? AND account_id=? AND partner_id=? AND host>?'],
  ['its rows by hour', HOSTS_OF.hours, SERIES, 'step_ms=? AND at=? AND account_id=? AND partner_id=? AND host>?'],
  ['the accounts', OF_GROUPS.account.groups, { times: [0, HOUR] }, 'step_ms=? AND at=? AND account_id>?'],
  ['all hosts', OF_GROUPS.host.groups, { times: [0, HOUR] }, 'step_ms=? AND at=? AND account_id=? AND partner_id>?'],
  ['all rows by hour', OF_GROUPS.host.hours, { times: [0, HOUR] }, 'step_ms=? AND at=? AND account_id=?'],
  ['what is old', ERASE, { stepMs: MINUTE, before: 0 }, 'step_ms=? AND at<?'],
])('%s is found by the primary key', async (_, sql, values, by) => {
  const steps = (await planOf(sql, values)).filter(step => step.includes('history'))
  expect(steps).not.toEqual([])
  expect(steps.join()).toContain(`SEARCH history USING PRIMARY KEY (${by})`)
  expect(steps.filter(step => step.startsWith('SCAN'))).toEqual([])
})
