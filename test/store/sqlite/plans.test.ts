import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FIRST_PARTNERS } from '../../../src/store/messages/claims.ts'
import { openConnection } from '../../../src/store/sqlite/connection.ts'
import type { Sql, Values } from '../../../src/store/tx.ts'
import { DUE_PARTNERS } from '../../../src/store/verifications/queue-heads.ts'

const BASELINE = new URL('../../../migrations/sqlite/0000_baseline.sql', import.meta.url)

/** What SQLite says of how it runs a statement. */
const planOf = async (sql: Sql, values: Values): Promise<string[]> => {
  const connection = openConnection(':memory:', { now: () => 7, onBroken: () => {} })
  onTestFinished(() => connection.close())
  connection.client.exec(readFileSync(BASELINE, 'utf8'))
  const prepared = vi.spyOn(connection.client, 'prepare')
  await connection.read(tx => tx.all(sql, values))
  const text = prepared.mock.calls.at(-1)?.[0]
  const steps = connection.client.prepare(`EXPLAIN QUERY PLAN ${text}`).all(values) as { detail: string }[]
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
