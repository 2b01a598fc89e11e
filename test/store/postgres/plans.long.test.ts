import type pg from 'pg'
import { WAITING as WAITING_ACCOUNTS } from '../../../src/store/accounts/rows.ts'
import type { Tx } from '../../../src/store/tx.ts'
import { DUE, FREE } from '../../../src/store/verifications/claims.ts'
import { STANDING_BEFORE } from '../../../src/store/verifications/forecast.ts'
import { QUEUES } from '../../../src/store/verifications/poll-queues.ts'
import { DUE_PARTNERS, HEADS } from '../../../src/store/verifications/queue-heads.ts'
import { FIND, WAITING } from '../../../src/store/verifications/settling.ts'
import { ADD_REGISTRATIONS, describePlans, type PlanCase, usePlanDatabase } from '../../support/postgres-plan.ts'

/** CI takes twice as many, and at night a million: what does not read all of it looks at as many blocks. */
const ROWS = Number(process.env.PLAN_ROWS ?? 200_000)
const PARTNERS = 200
const NOW = Date.parse('2026-11-24T08:00:00Z')

/** Nine tenths are one partner's. They wait in nine queues, most of them due, and a registration waits for each. */
const fill = async (client: pg.Client) => {
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
  await client.query(ADD_REGISTRATIONS)
}

const database = usePlanDatabase(fill)

const TAKEN = 100
const taken = async () => {
  const { rows } = await database.client.query<{ id: string; due_at: string }>(
    'SELECT id, due_at FROM verifications WHERE due_at <= $1 ORDER BY id LIMIT $2',
    [NOW, TAKEN],
  )
  return rows.map(row => ({ id: Number(row.id), dueAt: Number(row.due_at) }))
}

const OF_PARTNER = { accountId: 'acc_0', partnerId: 'par_0', at: NOW }
const windows = QUEUES.map(queue => ({ ...OF_PARTNER, after: -1, max: TAKEN, queue }))
const PLACE = { ...OF_PARTNER, queues: QUEUES.map(queue => ({ queue })), after: 0, dueAt: NOW, id: 0, max: 5_000 }
const claim = async (tx: Tx) => {
  const rows = (await taken()).map(({ id }) => ({ id, claims: 1, claimedAt: NOW, dueAt: NOW + 60_000 }))
  await tx.update('verifications', ['id'], rows)
}

const CASES: readonly PlanCase[] = [
  ['the accounts that wait', 50, tx => tx.all(WAITING_ACCOUNTS)],
  ['the heads of all queues', 4_000, tx => tx.each(HEADS, [{ accountId: 'acc_0' }, { accountId: 'acc_1' }])],
  ['the partners of whom something is due', 201 * 10 * 4, tx => tx.all(DUE_PARTNERS, OF_PARTNER)],
  ['what is due', 1_000, tx => tx.each(DUE, windows)],
  ['what is free', 10 * TAKEN, async tx => tx.all(FREE, { found: await taken() })],
  ['a claim', 40 * TAKEN, claim],
  ['what is settled', 6 * TAKEN, async tx => tx.all(FIND, { ids: (await taken()).map(({ id }) => id) })],
  ['who waits', 6 * TAKEN, async tx => tx.all(WAITING, { ending: (await taken()).map(({ id }) => ({ id })) })],
  ['a place in queues', 6 * 5_000, tx => tx.all(STANDING_BEFORE, PLACE)],
]

describePlans(database, CASES, { at: NOW, sorted: QUEUES.length * TAKEN })
