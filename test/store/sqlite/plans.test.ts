import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ERASE, HOSTS_OF, OF_GROUPS, OF_SERIES } from '../../../src/store/history/history.ts'
import { FIRST_PARTNERS } from '../../../src/store/messages/claims.ts'
import { OF_REGISTRATION } from '../../../src/store/messages/events.ts'
import { actVerbs } from '../../../src/store/operators/acts.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { readWindow } from '../../../src/store/registrations/search.ts'
import { openConnection } from '../../../src/store/sqlite/connection.ts'
import type { Sql, Tx, Values } from '../../../src/store/tx.ts'
import { DUE_PARTNERS } from '../../../src/store/verifications/queue-heads.ts'

const MIGRATIONS = ['0000_baseline', '0003_history'].map(
  name => new URL(`../../../migrations/sqlite/${name}.sql`, import.meta.url),
)

/** What SQLite says of how it runs the last statement of `run`. */
const planOfLast = async (
  run: (tx: Tx) => Promise<unknown>,
  values: Values | readonly unknown[],
): Promise<string[]> => {
  const connection = openConnection(':memory:', { now: () => 7, onBroken: () => {} })
  onTestFinished(() => connection.close())
  for (const migration of MIGRATIONS) connection.client.exec(readFileSync(migration, 'utf8'))
  const prepared = vi.spyOn(connection.client, 'prepare')
  await connection.read(run)
  const text = prepared.mock.calls.at(-1)?.[0]
  const steps = connection.client.prepare(`EXPLAIN QUERY PLAN ${text}`).all(values) as { detail: string }[]
  return steps.map(({ detail }) => detail)
}
const planOf = (sql: Sql, values: Values): Promise<string[]> => {
  const bound = Object.entries(values).map(([name, value]) => [
    name,
    Array.isArray(value) ? JSON.stringify(value) : value,
  ])
  return planOfLast(tx => tx.all(sql, values), Object.fromEntries(bound))
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
const TIMES = { times: [0, HOUR] }
/** The columns that are given, up to these. */
const ACCOUNT = 'step_ms=? AND at=? AND account_id=?'
const PARTNER = `${ACCOUNT} AND partner_id=?`
test.each<[string, Sql, Values, string]>([
  ['the history of a series', OF_SERIES, { ...SERIES, stepMs: 5 * MINUTE }, `${PARTNER} AND host=?`],
  ['the hosts of a partner', HOSTS_OF.groups, SERIES, `${PARTNER} AND host>?`],
  ['its rows by hour', HOSTS_OF.hours, { ...SERIES, most: 9 }, `${PARTNER} AND host>?`],
  ['the partners', OF_GROUPS.partner.groups, TIMES, `${PARTNER} AND host=?`],
  ['the accounts', OF_GROUPS.account.groups, TIMES, 'step_ms=? AND at=? AND account_id>?'],
  ['all hosts', OF_GROUPS.host.groups, TIMES, `${ACCOUNT} AND partner_id>?`],
  ['all rows by hour', OF_GROUPS.host.hours, { ...TIMES, most: 9 }, ACCOUNT],
  ['what is old', ERASE, { stepMs: 5 * MINUTE, before: 0 }, 'step_ms=? AND at<?'],
])('%s is found by the primary key', async (_, sql, values, by) => {
  const steps = (await planOf(sql, values)).filter(step => step.includes('history'))
  expect(steps).not.toEqual([])
  expect(steps.join()).toContain(`SEARCH history USING PRIMARY KEY (${by})`)
  expect(steps.filter(step => step.startsWith('SCAN'))).toEqual([])
})

test('the event of a registration is found by the registration', async () => {
  const steps = await planOf(OF_REGISTRATION, { partnerId: 'par_1', registrationId: 'reg_1', n: 0, limit: 100 })
  expect(steps).toContainEqual(expect.stringContaining('INDEX message_bodies_registration (registration_id=?)'))
  expect(steps.filter(step => step.startsWith('SCAN'))).toEqual([])
})

test('the acts on an object are found by it, in their order', async () => {
  const query = { who: null, act: null, object: 'reg_1', since: null, limit: 100, before: null }
  const list = (tx: Tx) => actVerbs.searches({ read: run => run(tx), queued: (_, read) => read() }).listActs(query)
  expect(await planOfLast(list, [0, 'reg_1', 101])).toEqual(['SEARCH acts USING INDEX acts_object (object=?)'])
})

test('webhooks that were given up are found by their index', async () => {
  const values = { before: '~', from: '', limit: 9, urls: '%' }
  const filter = { ...ALL_REGISTRATIONS, delivery: 'exhausted' as const }
  const steps = await planOfLast(tx => readWindow(tx, { filter, act: null, before: null }, 9), values)
  expect(steps).toContainEqual(expect.stringContaining('INDEX deliveries_given_up (state=? AND'))
})
