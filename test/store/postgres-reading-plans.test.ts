import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DELIVERED_ELSEWHERE } from '../../src/store/postgres/callback-notices.ts'
import { WITH_MESSAGE } from '../../src/store/postgres/ended.ts'
import { FIRST_FROM, FOLLOWING } from '../../src/store/postgres/events.ts'
import { COUNT_NEWEST } from '../../src/store/postgres/partner-status.ts'
import * as pages from '../../src/store/postgres/registration-pages.ts'
import { SELECT_REGISTRATIONS } from '../../src/store/postgres/registration-rows.ts'
import * as windows from '../../src/store/postgres/registration-windows.ts'
import { explain, openPlanDatabase } from '../support/postgres-plan.ts'

/** CI takes twice as many, and at night a million: what does not read all of it looks at as many blocks. */
const ROWS = Number(process.env.PLAN_ROWS ?? 200_000)
const PARTNERS = 200

let database: Awaited<ReturnType<typeof openPlanDatabase>>
let client: pg.Client

beforeAll(async () => {
  database = await openPlanDatabase()
  client = database.client
  await fill()
}, 180_000)
afterAll(() => database[Symbol.asyncDispose]())

const ID = "'reg_' || lpad(n::text, 20, '0')"
const idOf = (n: number): string => `reg_${String(n).padStart(20, '0')}`

/** Half of them are one partner's. All have ended, none failed; of the messages an eighth waits, and as many were given up. */
const fill = async () => {
  // Without the triggers that count.
  await client.query('SET session_replication_role = replica')
  await client.query(
    `CREATE TEMP TABLE numbers AS
     SELECT n, 'par_' || lpad(((n % 2) * (n / 2 % $2))::text, 3, '0') AS partner_id FROM generate_series(1, $1::int) AS n`,
    [ROWS, PARTNERS],
  )
  await client.query(`
    INSERT INTO partners (id, name, created_at) SELECT DISTINCT partner_id, 'partner', 0 FROM numbers;
    INSERT INTO verifications (account_id, partner_id, idcardid, created_at, nudged_at, queue)
    SELECT 'acc', partner_id, n::text, 0, 0, 1 FROM numbers ORDER BY n;
    INSERT INTO message_bodies (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at)
    SELECT partner_id, n, ${ID}, 1, 'https://a.example/' || n % 8, 'idface.succeeded', decode(repeat('00', 400), 'hex'), n
    FROM numbers ORDER BY n;
    INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at, state)
    SELECT seq, partner_id, registration_id, lane_id, callback_url, CASE WHEN seq % 8 = 0 THEN seq END,
      CASE WHEN seq % 8 = 0 THEN 'pending' ELSE 'exhausted' END
    FROM message_bodies WHERE seq % 4 = 0;
    INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at, expires_at,
      resolved_at, message_seq)
    SELECT n, 0, ${ID}, partner_id, 'https://a.example/' || n % 8, 1, '{}', 'succeeded', n, n, n, n FROM numbers;
    INSERT INTO attempts (message_seq, n, at, outcome, http_status, duration_ms)
    SELECT seq, 1, 0, 'delivered', 200, 12 FROM messages WHERE state = 'delivered'`)
  await client.query('SET session_replication_role = origin')
}

const TAKEN = 100
const ids = Array.from({ length: TAKEN }, (_, n) => idOf(2 * n + 2))
const BUSY = 'par_000'
/** Has none that was given up. */
const OTHER = 'par_001'
const END = '~'

interface Case {
  name: string
  text: string
  values: unknown[]
  /** At how many blocks it may look: an index seek takes three or four, whatever the rows. */
  blocks: number
}

const window = (text: string, ...key: string[]): Pick<Case, 'text' | 'values' | 'blocks'> => ({
  text,
  values: [END, '', TAKEN, ...key],
  blocks: TAKEN * 40,
})

const CASES: readonly Case[] = [
  {
    name: 'registrations by their ids',
    text: `${SELECT_REGISTRATIONS} WHERE r.id = ANY($1) ORDER BY r.id DESC`,
    values: [ids],
    blocks: TAKEN * 20,
  },
  { name: 'a page of a status', text: pages.WITH_STATUS, values: [BUSY, 'succeeded', END, TAKEN], blocks: TAKEN * 2 },
  { name: 'one of a status that none has', text: pages.WITH_STATUS, values: [BUSY, 'failed', END, TAKEN], blocks: 20 },
  {
    name: 'one of a status and a state',
    text: pages.WITH_STATUS_AND_STATE,
    values: [BUSY, 'succeeded', END, TAKEN],
    blocks: TAKEN * 10,
  },
  { name: 'what was given up', text: pages.UNDELIVERED, values: [BUSY, 'exhausted', END, TAKEN], blocks: TAKEN * 8 },
  { name: 'nothing given up', text: pages.UNDELIVERED, values: [OTHER, 'exhausted', END, TAKEN], blocks: 20 },
  { name: 'the registrations of a serial', text: pages.OF_SERIAL, values: [BUSY, '4', END, TAKEN], blocks: 50 },
  { name: 'a window of all', ...window(windows.ALL) },
  { name: 'one of what failed', ...window(windows.FAILED) },
  { name: 'one of a partner', ...window(windows.OF_PARTNER, BUSY) },
  { name: 'one of a partner and a status', ...window(windows.OF_PARTNER_WITH_STATUS, BUSY, 'succeeded') },
  { name: 'one of a status that none of a partner has', ...window(windows.OF_PARTNER_WITH_STATUS, BUSY, 'failed') },
  { name: 'one of a serial', ...window(windows.OF_SERIAL, '4') },
  { name: 'one of what a partner has that was given up', ...window(windows.EXHAUSTED, BUSY) },
  { name: 'those that a bulk act has sent as probes', text: windows.THESE, values: [ids], blocks: TAKEN * 25 },
  { name: 'a page of events', text: FOLLOWING, values: [BUSY, 200, TAKEN], blocks: TAKEN * 15 },
  { name: 'the first events behind some', text: FIRST_FROM, values: [BUSY, [1, 900, ROWS]], blocks: 50 },
  { name: "a partner's newest messages", text: COUNT_NEWEST, values: [BUSY, 0], blocks: 1_000 * 18 },
  {
    name: 'what was delivered elsewhere',
    text: DELIVERED_ELSEWHERE,
    values: [[BUSY], ['https://a.example/0']],
    blocks: 2_000 * 22,
  },
  { name: 'what may be erased', text: WITH_MESSAGE, values: [1_000, TAKEN], blocks: TAKEN * 20 },
]

// The planner knows nothing of a table until its statistics are collected, and expects the worst or the best.
describe.each(['before', 'after'] as const)('%s statistics were collected', when => {
  beforeAll(async () => {
    if (when === 'after') await client.query('ANALYZE')
  }, 60_000)

  describe.each(['custom', 'generic'] as const)('with a %s plan', mode => {
    test.each(CASES)('$name costs no more than what it takes', async ({ text, values, blocks }) => {
      const seen = await explain(client, text, { values, mode })
      expect(seen.scanned).toEqual([])
      expect(seen.sorted).toBeLessThanOrEqual(2_000)
      expect(seen.blocks).toBeLessThanOrEqual(blocks)
    })
  })
})
