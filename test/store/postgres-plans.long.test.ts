import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CLAIM,
  DUE,
  FIND,
  HEADS,
  QUEUES_OF,
  RELEASE,
  STANDING_BEFORE,
  WAITING,
  WAITING_ACCOUNTS,
} from '../../src/store/postgres/verification-statements.ts'
import { explain, openPlanDatabase } from '../support/postgres-plan.ts'

/** CI takes twice as many, and at night a million: what does not read all of it looks at as many blocks. */
const ROWS = Number(process.env.PLAN_ROWS ?? 200_000)
const PARTNERS = 200
const NOW = Date.parse('2026-11-24T08:00:00Z')

let database: Awaited<ReturnType<typeof openPlanDatabase>>
let client: pg.Client

beforeAll(async () => {
  database = await openPlanDatabase()
  client = database.client
  const startedAt = performance.now()
  await fill()
  process.stdout.write(`${ROWS} verifications in ${Math.round(performance.now() - startedAt)} ms\n`)
}, 180_000)
afterAll(() => database[Symbol.asyncDispose]())

/** Nine tenths are one partner's. They wait in nine queues, most of them due, and a registration waits for each. */
const fill = async () => {
  // Without the triggers that count.
  await client.query('SET session_replication_role = replica')
  await client.query(
    `INSERT INTO partners (id, name, created_at) SELECT 'par_' || n, 'partner', 0 FROM generate_series(0, $1::int) AS n`,
    [PARTNERS],
  )
  await client.query(
    `INSERT INTO verifications (account_id, partner_id, idcardid, created_at, nudged_at, queue, due_at)
     SELECT 'acc_' || n % 2, 'par_' || (n % 10 = 0)::int * (n / 10 % $2), n::text, 0, 0,
       1 + (n % 7 > 2)::int * (15 + n % 8), $3::bigint + (n::bigint * 7919 % 3600000) - 3000000
     FROM generate_series(1, $1::int) AS n`,
    [ROWS, PARTNERS, NOW],
  )
  await client.query(`
    INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at,
      expires_at)
    SELECT id, 0, 'reg_' || id, partner_id, 'https://partner.example/', 1, '{}', 'pending', 0, 0 FROM verifications`)
  await client.query('SET session_replication_role = origin')
}

const TAKEN = 100
const QUEUES = [1, 16, 17, 18, 19, 20]
const ofEach = <Value>(value: Value) => QUEUES.map(() => value)
const taken = async () => {
  const { rows } = await client.query<{ id: string; due_at: string }>(
    'SELECT id, due_at FROM verifications WHERE due_at <= $1 ORDER BY id LIMIT $2',
    [NOW, TAKEN],
  )
  return { ids: rows.map(({ id }) => id), dueAts: rows.map(row => row.due_at) }
}

interface Case {
  name: string
  text: string
  values: () => unknown[] | Promise<unknown[]>
  /** At how many blocks it may look: an index seek takes three or four, whatever the rows. */
  blocks: number
}

const CASES: readonly Case[] = [
  { name: 'the accounts that wait', text: WAITING_ACCOUNTS, values: () => [], blocks: 50 },
  { name: 'the heads of all queues', text: HEADS, values: () => [['acc_0', 'acc_1']], blocks: 4_000 },
  {
    name: 'what is due',
    text: DUE,
    values: () => [ofEach('acc_0'), ofEach('par_0'), QUEUES, ofEach(NOW), ofEach(-1), ofEach(TAKEN)],
    blocks: 1_000,
  },
  {
    name: 'a claim',
    text: CLAIM,
    values: async () => {
      const { ids, dueAts } = await taken()
      return [ids, dueAts, NOW, NOW + 60_000]
    },
    blocks: 50 * TAKEN,
  },
  { name: 'what is settled', text: FIND, values: async () => [(await taken()).ids], blocks: 6 * TAKEN },
  { name: 'who waits', text: WAITING, values: async () => [(await taken()).ids], blocks: 6 * TAKEN },
  {
    name: 'what is given back',
    text: RELEASE,
    values: async () => {
      const { ids, dueAts } = await taken()
      return [ids, ids.map(() => 2), dueAts]
    },
    blocks: 40 * TAKEN,
  },
  { name: 'the queues of a partner', text: QUEUES_OF, values: () => ['acc_0', 'par_0'], blocks: 100 },
  {
    name: 'a place in queues',
    text: STANDING_BEFORE,
    values: () => ['acc_0', 'par_0', QUEUES, 0, NOW, 0, 5_000],
    blocks: 6 * 5_000,
  },
]

// The planner knows nothing of a table until its statistics are collected, and expects the worst or the best.
describe.each(['before', 'after'] as const)('%s statistics were collected', when => {
  beforeAll(async () => {
    if (when === 'after') await client.query('ANALYZE')
  }, 60_000)

  describe.each(['custom', 'generic'] as const)('with a %s plan', mode => {
    test.each(CASES)('$name costs no more than what it takes', async ({ text, values, blocks }) => {
      const seen = await explain(client, text, { values: await values(), mode })
      expect(seen.scanned).toEqual([])
      expect(seen.sorted).toBeLessThanOrEqual(QUEUES.length * TAKEN)
      expect(seen.blocks).toBeLessThanOrEqual(blocks)
    })
  })
})
