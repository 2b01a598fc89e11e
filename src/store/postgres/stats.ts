import { type AccountRow, accountOfRow } from '../account.ts'
import { NO_BACKUP } from '../backup.ts'
import { STILL_FAILING_MS } from '../callbacks.ts'
import { CHANNEL_REFUSING, DELIVERIES_HELD } from '../facts.ts'
import { findFact } from '../operators/facts.ts'
import { loadNodes } from '../operators/nodes.ts'
import { type CountOf, loadCounts } from '../stats/counts.ts'
import { GIVEN_UP_MS, MOST_ACCOUNTS, MOST_COUNTED, MOST_FAILED, type StatsFacts, statsOf } from '../stats.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { asc } from './drizzle.ts'
import { accounts } from './schema.ts'
import { readServerStats } from './server-facts.ts'

/** What is due of a queue; up to one more than `MOST_COUNTED` is counted. */
interface Due {
  due: number
  oldestDueAt: number | null
}

/**
 * Counts that triggers keep, and for what is due reads of the queues' own indexes: a seek for each partner and queue, and for each lane that is
 * due, and the rows up to `MOST_COUNTED`. So it takes as many statements, and about as long, with a million rows as with a thousand.
 */
export const createStats = ({
  read,
  defaultRate,
  sealed,
}: Pick<Context, 'read' | 'defaultRate' | 'sealed'>): Pick<Store, 'stats'> => ({
  stats: () =>
    read(async tx => {
      const { at } = tx
      const rows: AccountRow[] = await tx.db.select().from(accounts).orderBy(asc(accounts.id)).limit(MOST_ACCOUNTS)
      const countOf = await loadCounts(tx, [ALL, ...rows.map(({ id }) => id)])
      const due = await dueVerifications(tx)
      return statsOf({
        at,
        accounts: rows.map(row => ({
          account: accountOfRow(row, defaultRate),
          state: row,
          queue: {
            waiting: countOf('verifications_waiting', row.id),
            leased: countOf('verifications_leased', row.id),
            ...(due.get(row.id) ?? NOTHING),
          },
        })),
        deliveries: {
          ...queueOfMessages(countOf),
          ...(await dueMessages(tx)),
          heldAt: await findFact(tx, DELIVERIES_HELD),
          givenUp: await givenUp(tx),
        },
        callbacks: await callbacks(tx),
        openActs: await tx.rows(
          `SELECT partner_id AS "partnerId", count, done FROM bulk_acts WHERE state IN ('probing', 'running') LIMIT ${MOST_COUNTED}`,
        ),
        nodes: await loadNodes(tx),
        backup: NO_BACKUP,
        refusingChannel: await findFact(tx, CHANNEL_REFUSING),
        engine: { kind: 'postgres', masterKey: sealed.keyId.toString('hex'), ...(await readServerStats(tx)) },
      })
    }),
})

/** The owner of what is counted over the whole database. */
const ALL = ''
/** In which the oldest message is looked for. */
const MOST_LANES = 1_000
const NOTHING: Due = { due: 0, oldestDueAt: null }

const queueOfMessages = (countOf: CountOf) => {
  const leased = countOf('messages_leased', ALL)
  return { waiting: countOf('messages_waiting', ALL) + leased, leased, held: countOf('messages_held', ALL) }
}

/**
 * The first due time of each queue of a partner and an account: an index seek a queue (PostgreSQL has no skip scan of its own before
 * 18), so that a partner with a million rows costs no more than one with a single row. Then what is due of them, for each account.
 */
const DUE_VERIFICATIONS = `
  WITH RECURSIVE head AS (
    (SELECT account_id, partner_id, queue, due_at FROM verifications WHERE due_at IS NOT NULL
     ORDER BY account_id, partner_id, queue, due_at LIMIT 1)
    UNION ALL
    SELECT next.* FROM head CROSS JOIN LATERAL (
      SELECT v.account_id, v.partner_id, v.queue, v.due_at FROM verifications v
      WHERE v.due_at IS NOT NULL AND (v.account_id, v.partner_id, v.queue) > (head.account_id, head.partner_id, head.queue)
      ORDER BY v.account_id, v.partner_id, v.queue, v.due_at LIMIT 1) AS next),
  due AS (
    SELECT head.account_id, array_agg(head.partner_id) AS partner_ids, array_agg(head.queue) AS queues, min(head.due_at) AS oldest
    FROM head JOIN partners p ON p.id = head.partner_id
    WHERE NOT p.disabled AND head.due_at <= $1 GROUP BY head.account_id)
  SELECT due.account_id AS "accountId", due.oldest AS "oldestDueAt", counted.due
  FROM due CROSS JOIN LATERAL (
    SELECT count(*) AS due FROM (
      SELECT FROM unnest(due.partner_ids, due.queues) AS place(partner_id, queue) CROSS JOIN LATERAL (
        SELECT FROM verifications v
        WHERE v.account_id = due.account_id AND v.partner_id = place.partner_id AND v.queue = place.queue
          AND v.due_at IS NOT NULL AND v.due_at <= $1
        LIMIT ${MOST_COUNTED + 1}) AS one
      LIMIT ${MOST_COUNTED + 1}) AS capped) AS counted`

const dueVerifications = async (tx: Tx): Promise<ReadonlyMap<string, Due>> => {
  const rows = await tx.rows<Due & { accountId: string }>(DUE_VERIFICATIONS, [tx.at])
  return new Map(rows.map(({ accountId, ...due }) => [accountId, due]))
}

/** Of partners that may be sent to, in the order in which they say that they are due. */
const DUE_LANES = `
  SELECT l.id, l.due_at
  FROM lanes l JOIN partners p ON p.id = l.partner_id
  WHERE l.due_at >= 0 AND l.due_at <= $1 AND NOT p.disabled ORDER BY l.due_at`
const DUE_OF_LANE = 'd.lane_id = l.id AND d.due_at IS NOT NULL AND d.due_at <= $1'

/** Lane by lane, until enough are counted. */
const DUE_MESSAGES = `
  WITH lane AS (${DUE_LANES})
  SELECT count(*) AS due FROM (
    SELECT FROM lane AS l CROSS JOIN LATERAL (SELECT FROM deliveries d WHERE ${DUE_OF_LANE} LIMIT ${MOST_COUNTED + 1}) AS d
    LIMIT ${MOST_COUNTED + 1}) AS capped`

/** A lane may say too early when its first message is due, but never too late: the oldest is in one of the first, as a rule in the first. */
const OLDEST_MESSAGE = `
  SELECT min(first.due_at) AS at FROM (${DUE_LANES} LIMIT ${MOST_LANES}) AS l
    CROSS JOIN LATERAL (SELECT d.due_at FROM deliveries d WHERE ${DUE_OF_LANE} ORDER BY d.due_at LIMIT 1) AS first`

const dueMessages = async (tx: Tx): Promise<Due> => {
  const [counted] = await tx.rows<{ due: number }>(DUE_MESSAGES, [tx.at])
  if (!counted || counted.due === 0) return NOTHING
  const [oldest] = await tx.rows<{ at: number | null }>(OLDEST_MESSAGE, [tx.at])
  return { due: counted.due, oldestDueAt: oldest?.at ?? null }
}

const GIVEN_UP = `
  SELECT count(*) AS given_up
  FROM (SELECT seq, state, registration_id FROM deliveries WHERE state = 'exhausted' OR attempts > 0
        ORDER BY registration_id DESC LIMIT ${MOST_FAILED}) AS d
    JOIN registrations r ON r.id = d.registration_id
    CROSS JOIN LATERAL (SELECT at FROM attempts WHERE message_seq = d.seq ORDER BY n DESC LIMIT 1) AS last
  WHERE d.state = 'exhausted' AND r.status <> 'cancelled' AND last.at > $1`

const givenUp = async (tx: Tx): Promise<number> =>
  (await tx.rows<{ given_up: number }>(GIVEN_UP, [tx.at - GIVEN_UP_MS]))[0]?.given_up ?? 0

/** Each up to `MOST_COUNTED`. */
const callbacks = async (tx: Tx): Promise<StatsFacts['callbacks']> => {
  const rows = await tx.rows<{ state: keyof StatsFacts['callbacks']; count: number }>(
    `SELECT k.state, (SELECT count(*) FROM (
       SELECT FROM callbacks c WHERE c.state = k.state AND c.state <> 'watched' AND c.last_at > k.since LIMIT ${MOST_COUNTED}) AS capped) AS count
     FROM (VALUES ('gone', 0::bigint), ('failing', $1::bigint), ('disabled', 0::bigint)) AS k(state, since)`,
    [tx.at - STILL_FAILING_MS],
  )
  return { gone: 0, failing: 0, disabled: 0, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) }
}
