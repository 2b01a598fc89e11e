import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY } from '../../../src/core/duration.ts'
import { RELEASED_TOGETHER, releaseSome } from '../../../src/store/callbacks/rows.ts'
import type { Connection } from '../../../src/store/postgres/connection.ts'
import { dueTimeVerbs } from '../../../src/store/verifications/due-times.ts'
import { type TestDatabase, useServer } from '../../support/postgres-server.ts'
import { open } from './support.ts'

/** Nothing is left to the planner but to run the inner side of a join for each row of the outer one. */
const NESTED = ['hashagg', 'hashjoin', 'mergejoin', 'sort', 'material'].map(name => `-c enable_${name}=off`).join(' ')
const PARTNER = 'partner_1'
const URL = 'https://a.example/hook'

const { newDatabase } = useServer({ template: true })
let database: TestDatabase
let connection: Connection & AsyncDisposable

beforeAll(async () => {
  database = await newDatabase()
  await database.query("INSERT INTO partners (id, name, created_at) VALUES ($1, 'one', 0)", [PARTNER])
  await database.query("INSERT INTO lanes (partner_id, host, slow, proven) VALUES ($1, 'a.example', false, true)", [
    PARTNER,
  ])
  connection = await open(`${database.url}&options=${encodeURIComponent(NESTED)}`)
})
afterAll(() => connection[Symbol.asyncDispose]())

/** Messages that wait, each until then; null: for their URL, which is held. */
const addDeliveries = (count: number, dueAt: number | null) =>
  database.query(
    `INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at)
     SELECT coalesce((SELECT max(seq) FROM deliveries), 0) + n, $2, 'reg_' || n, (SELECT id FROM lanes), $3, $4::bigint
     FROM generate_series(1, $1::int) AS n`,
    [count, PARTNER, URL, dueAt],
  )

test('mends no more due times than its limit, under any plan', async () => {
  const late = Date.now() + 10 * DAY
  await database.query(
    `INSERT INTO verifications (account_id, partner_id, idcardid, created_at, nudged_at, queue, due_at)
     SELECT 'acc_1', $1, n::text, 0, 0, 20, $2::bigint FROM generate_series(1, 3) AS n`,
    [PARTNER, late],
  )
  await addDeliveries(3, late)
  const { mendDueTimes } = dueTimeVerbs.loops({ write: connection.write, emitHints: () => {} })
  const mend = () => mendDueTimes({ pollMs: DAY, retryMs: DAY }, 2)
  expect([await mend(), await mend(), await mend()]).toEqual([4, 2, 0])
})

test('makes no more held messages due at a time than its limit, under any plan', async () => {
  await database.query('DELETE FROM deliveries')
  await addDeliveries(RELEASED_TOGETHER + 100, null)
  await database.query(
    `INSERT INTO callbacks (partner_id, callback_url, state, failing_since, attempts, last_error, last_at)
     VALUES ($1, $2, 'releasing', 0, 0, 'http_410', 0)`,
    [PARTNER, URL],
  )
  await connection.write(releaseSome)
  const rows = await database.query<{ due: string }>('SELECT count(due_at) AS due FROM deliveries')
  expect(rows).toEqual([{ due: String(RELEASED_TOGETHER) }])
})
