import type pg from 'pg'
import { releaseSome, releaseUrls } from '../../../src/store/callbacks/rows.ts'
import {
  CLAIM,
  DUE_LANES,
  DUE_MESSAGES,
  FIRST_PARTNERS,
  PARTNERS_WITH_LANES,
  PEEK,
  SETTLE_LANES,
} from '../../../src/store/messages/claims.ts'
import {
  type LockedMessage,
  lockMessages,
  lockMessagesOf,
  saveDeliveries,
} from '../../../src/store/messages/deliveries.ts'
import { OF_REGISTRATION } from '../../../src/store/messages/events.ts'
import { FIND_ATTEMPTS, TRIM_ATTEMPTS } from '../../../src/store/messages/settling.ts'
import { actVerbs } from '../../../src/store/operators/acts.ts'
import type { Tx } from '../../../src/store/tx.ts'
import { describePlans, type PlanCase, usePlanDatabase } from '../../support/postgres-plan.ts'

/** CI takes twice as many, and at night a million: what does not read all of it looks at as many blocks. */
const ROWS = Number(process.env.PLAN_ROWS ?? 200_000)
const PARTNERS = 300
const LANES = ROWS / 20
const NOW = Date.parse('2026-11-24T08:00:00Z')
const GONE = 'https://h1.example/gone'

/**
 * Half of the lanes are one partner's, and half of the messages are in one lane. A quarter of those wait, most of them due, and of the
 * others some are held for a URL that answered 410, as has a URL of each lane; what was delivered has an attempt.
 */
const fill = async (client: pg.Client) => {
  await client.query(
    `INSERT INTO partners (id, name, created_at)
     SELECT 'par_' || lpad(n::text, 3, '0'), 'partner', 0 FROM generate_series(0, $1::int - 1) AS n`,
    [PARTNERS],
  )
  await client.query(
    `INSERT INTO lanes (partner_id, host, due_at, slow, proven)
     SELECT 'par_' || lpad(((n % 2) * (n / 2 % $2))::text, 3, '0'), 'h' || n || '.example', $3::bigint - n, n % 20 = 3, n % 4 = 1
     FROM generate_series(1, $1::int) AS n`,
    [LANES, PARTNERS, NOW],
  )
  await client.query(
    `INSERT INTO message_bodies (partner_id, event, registration_id, lane_id, callback_url, type, body, created_at)
     SELECT l.partner_id, n, 'reg_' || n, l.id, CASE WHEN n % 8 = 5 THEN $2 ELSE 'https://' || l.host || '/hook' END,
       'idface.succeeded', decode(repeat('00', 400), 'hex'), 0
     FROM generate_series(1, $1::int) AS n JOIN lanes l ON l.id = 1 + (n / 2 % 2) * (n / 4 % $3)`,
    [ROWS, GONE, LANES],
  )
  await client.query(
    `INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at)
     SELECT seq, partner_id, registration_id, lane_id, callback_url,
       CASE WHEN seq % 4 = 0 THEN $1::bigint + (seq * 7919 % 3600000) - 3000000 END
     FROM message_bodies WHERE seq % 4 = 0 OR seq % 8 = 5`,
    [NOW],
  )
  await client.query(
    'UPDATE deliveries SET claimed_at = $1, leased_until = $1 + 60000::bigint WHERE lane_id = ANY($2) AND due_at <= $1',
    [NOW, claimedLaneIds],
  )
  await client.query(`
    INSERT INTO attempts (message_seq, n, at, outcome, http_status, duration_ms)
    SELECT seq, 1, 0, 'delivered', 200, 12 FROM messages WHERE state = 'delivered'`)
  await client.query(
    `INSERT INTO attempts (message_seq, n, at, outcome, http_status, duration_ms)
     SELECT seq, n, 0, 'failed', 500, 12 FROM unnest($1::int8[]) AS seq, generate_series(1, 55) AS n`,
    [seqs],
  )
  await client.query(
    `INSERT INTO callbacks (partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since)
     SELECT partner_id, url, 'gone', 0, 0, 'http_410', 0, 0 FROM (
       SELECT partner_id, $1 AS url FROM lanes WHERE id = 1 UNION ALL SELECT partner_id, host || '/old' FROM lanes) AS held`,
    [GONE],
  )
  await client.query(
    `INSERT INTO acts (at, who, name, act, object, outcome)
     SELECT $2::bigint - n, 'ADMIN_TOKEN', '', 'registration.poll', 'reg_' || n / 2, 'done' FROM generate_series(1, $1::int) AS n`,
    [ROWS, NOW],
  )
}

const TAKEN = 100
const laneIds = Array.from({ length: TAKEN }, (_, n) => 1 + n)
/** All that is due in these is claimed. */
const claimedLaneIds = laneIds.map(id => id + TAKEN)
const seqs = Array.from({ length: TAKEN }, (_, n) => 4 * (1 + n))
const keys = seqs.map(seq => ({ seq, claim: 1 }))
const registrationIds = seqs.map(seq => `reg_${seq}`)
const windows = laneIds.map(laneId => ({ laneId, max: 4, at: NOW }))
const lanesWanted = Array.from({ length: TAKEN }, (_, n) => ({
  ...{ partnerId: `par_${String(n).padStart(3, '0')}`, slow: false, proven: true, max: 4, at: NOW },
}))
const EVENT = { partnerId: 'par_000', registrationId: 'reg_4', n: 0, limit: 100 }
const ACTS = { who: null, act: null, object: 'reg_4', since: null, limit: 100, before: null }

const database = usePlanDatabase(fill)

const save = async (tx: Tx, seqs: readonly number[], change: Partial<LockedMessage>): Promise<void> =>
  saveDeliveries(
    tx,
    (await lockMessages(tx, seqs)).map(was => ({ was, becomes: { ...was, ...change } })),
  )
/** Those of delivered messages. */
const deliveredSeqs = seqs.map(seq => seq - 1)
const listActs = (tx: Tx) => actVerbs.searches({ read: run => run(tx), queued: (_, read) => read() }).listActs(ACTS)
const release = async (tx: Tx) => {
  await releaseUrls(tx, [{ partnerId: 'par_000', callbackUrl: GONE }], 'operator')
  await releaseSome(tx)
}

const CASES: readonly PlanCase[] = [
  ['the first due lane', 20, tx => tx.all(PEEK)],
  ['the partners in turn', 256 * 10, tx => tx.each(PARTNERS_WITH_LANES, [{ after: 'par_010', max: 256 }])],
  ['the partners of the first lanes', 64 * 12, tx => tx.all(FIRST_PARTNERS)],
  ['the due lanes of partners', TAKEN * 10, tx => tx.each(DUE_LANES, lanesWanted)],
  ['the due messages of lanes', TAKEN * 4 * 8, tx => tx.each(DUE_MESSAGES.oldest, windows)],
  ['those of one long lane', TAKEN * 12, tx => tx.each(DUE_MESSAGES.oldest, [{ laneId: 1, max: TAKEN, at: NOW }])],
  ['the newest of one long lane', TAKEN * 12, tx => tx.each(DUE_MESSAGES.newest, [{ laneId: 1, max: TAKEN, at: NOW }])],
  // When all of them are due.
  ['a claim', TAKEN * 60, tx => tx.all(CLAIM, { seqs, at: NOW + 3_600_000, leaseEnd: NOW + 3_660_000 })],
  ['putting emptied lanes right', TAKEN * 40, tx => tx.all(SETTLE_LANES, { ids: claimedLaneIds, at: NOW })],
  ['attempts that are written already', TAKEN * 8, tx => tx.all(FIND_ATTEMPTS, { keys })],
  // Each has its attempts in blocks of their own.
  ['attempts beyond those that are kept', TAKEN * 100, tx => tx.all(TRIM_ATTEMPTS, { trims: keys })],
  ['what becomes of messages', TAKEN * 8, tx => lockMessages(tx, seqs)],
  ['what becomes of those of registrations', TAKEN * 8, tx => lockMessagesOf(tx, registrationIds)],
  ['what is delivered', TAKEN * 60, tx => save(tx, seqs, { state: 'delivered', dueAt: null, claimedAt: null })],
  ['what is tried again', TAKEN * 60, tx => save(tx, seqs, { dueAt: NOW, retries: 1 })],
  ['what is sent again', TAKEN * 60, tx => save(tx, deliveredSeqs, { state: 'pending', dueAt: NOW })],
  ['the event of a registration', 12, tx => tx.all(OF_REGISTRATION, EVENT)],
  ['the acts on an object', 12, listActs],
  ['what is held for a URL', 300 * 20, release],
]

describePlans(database, CASES, { at: NOW, sorted: 5 * TAKEN })
