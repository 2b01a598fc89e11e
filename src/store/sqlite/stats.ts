import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { accountOfRow } from '../account.ts'
import { NO_BACKUP } from '../backup.ts'
import { type CallbackHealth, STILL_FAILING_MS } from '../callbacks.ts'
import { BACKUPS, CHANNEL_REFUSING, DELIVERIES_HELD } from '../facts.ts'
import { earlier } from '../lanes.ts'
import { GIVEN_UP_MS, MOST_ACCOUNTS, MOST_COUNTED, MOST_FAILED, type SqliteStats, statsOf } from '../stats.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { asc } from './drizzle.ts'
import { prepareFacts } from './facts.ts'
import { accounts, messageCounts, nodes, verificationCounts } from './schema.ts'
import { prepareVerifications } from './verification-statements.ts'

/** What is due of a queue; up to one more than `MOST_COUNTED` is counted. */
interface Due {
  due: number
  oldestDueAt: number | null
}

const NOTHING: Due = { due: 0, oldestDueAt: null }

/**
 * Counts that triggers keep, and for what is due reads of the queues' own indexes: a seek for each partner and queue, and for each lane
 * that is due, and the rows up to `MOST_COUNTED`. So it takes as long with a million rows as with a thousand.
 */
export const createStats = (context: Context): Pick<Store, 'stats'> => {
  const { db, client, read, now, defaultRate } = context
  const statements = prepare(client)
  const facts = prepareFacts(client)
  const { heads: queueHeads } = prepareVerifications(client)

  const dueVerifications = (accountId: string, at: number): Due => {
    const heads = queueHeads.all({ accountId }).filter(({ dueAt }) => dueAt <= at)
    if (heads.length === 0) return NOTHING
    const keys = JSON.stringify(heads.map(({ partnerId, queue }) => [partnerId, queue]))
    return {
      due: statements.dueVerifications.get({ accountId, heads: keys, at, limit: MOST_COUNTED + 1 }) ?? 0,
      oldestDueAt: heads.reduce<number | null>((oldest, { dueAt }) => earlier(oldest, dueAt), null),
    }
  }

  /** Lane by lane until enough are counted, and none that follows can have an older one: a lane may say only too early when it is due. */
  const dueMessages = (at: number): Due => {
    let [due, oldest] = [0, Number.POSITIVE_INFINITY]
    for (const lane of statements.dueLanes.iterate({ at, limit: MOST_COUNTED + 1 })) {
      if (due > MOST_COUNTED && lane.dueAt >= oldest) break
      due += lane.due
      oldest = Math.min(oldest, lane.firstAt ?? oldest)
    }
    return { due, oldestDueAt: due === 0 ? null : oldest }
  }

  const countUrls = (state: CallbackHealth['state'], since: number): number =>
    statements.urls.get({ state, since, limit: MOST_COUNTED }) ?? 0

  /** Of one moment: what is committed between two of its reads would be counted twice, or not at all. */
  const readAll = client.transaction((at: number) => {
    const rows = db.select().from(accounts).orderBy(asc(accounts.id)).limit(MOST_ACCOUNTS).all()
    const counts = new Map(
      db
        .select()
        .from(verificationCounts)
        .all()
        .map(row => [row.accountId, row]),
    )
    const messages = db.select().from(messageCounts).get()
    if (!messages) throw new Error('the row with the counts is gone')
    const { waiting, leased, held } = messages
    return statsOf({
      at,
      accounts: rows.map(row => ({
        account: accountOfRow(row, defaultRate),
        state: row,
        queue: { waiting: 0, leased: 0, ...counts.get(row.id), ...dueVerifications(row.id, at) },
      })),
      deliveries: {
        ...{ waiting: waiting + leased, leased, held, ...dueMessages(at) },
        heldAt: facts.find(DELIVERIES_HELD),
        givenUp: statements.givenUp.get({ since: at - GIVEN_UP_MS, limit: MOST_FAILED }) ?? 0,
      },
      callbacks: {
        gone: countUrls('gone', 0),
        failing: countUrls('failing', at - STILL_FAILING_MS),
        disabled: countUrls('disabled', 0),
      },
      openActs: statements.openActs.all({ limit: MOST_COUNTED }),
      nodes: db.select().from(nodes).orderBy(asc(nodes.startedAt), asc(nodes.id)).all(),
      backup: facts.find(BACKUPS) ?? NO_BACKUP,
      refusingChannel: facts.find(CHANNEL_REFUSING),
      engine: engineStats(context),
    })
  })

  return { stats: () => read(() => readAll(now())) }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

const engineStats = ({ path, sealed }: Pick<Context, 'path' | 'sealed'>): SqliteStats => {
  const engine = { kind: 'sqlite', masterKey: sealed.keyId.toString('hex') } as const
  if (path === null) return { ...engine, databaseBytes: 0, walBytes: 0, diskFreeBytes: null }
  const { bavail, bsize } = statfsSync(dirname(path))
  return { ...engine, databaseBytes: sizeOf(path), walBytes: sizeOf(`${path}-wal`), diskFreeBytes: bavail * bsize }
}

/** The pluses: see verification-statements.ts. */
const prepare = (client: Context['client']) => ({
  dueVerifications: client
    .prepare<{ accountId: string; heads: string; at: number; limit: number }, number>(`
    SELECT count(*) FROM (
      SELECT 1 FROM json_each(@heads) head CROSS JOIN verifications v
        ON v.account_id = +@accountId AND v.partner_id = head.value ->> 0 AND v.queue = head.value ->> 1
      WHERE v.due_at IS NOT NULL AND v.due_at <= +@at LIMIT +@limit)`)
    .pluck(),
  /** How many of each lane are due, up to the limit, and since when. The index of the messages has all of it. */
  dueLanes: client.prepare<{ at: number; limit: number }, { dueAt: number; due: number; firstAt: number | null }>(`
    SELECT l.due_at AS dueAt,
      (SELECT min(m.due_at) FROM messages m WHERE m.lane_id = l.id AND m.due_at IS NOT NULL AND m.due_at <= +@at) AS firstAt,
      (SELECT count(*) FROM (
         SELECT 1 FROM messages m WHERE m.lane_id = l.id AND m.due_at IS NOT NULL AND m.due_at <= +@at LIMIT +@limit)) AS due
    FROM lanes l CROSS JOIN partners p ON p.id = l.partner_id
    WHERE l.due_at IS NOT NULL AND l.due_at <= +@at AND p.disabled = 0 ORDER BY l.due_at LIMIT +@limit`),
  givenUp: client
    .prepare<{ since: number; limit: number }, number>(`
    SELECT count(*) FROM (
      SELECT seq, state, registration_id FROM messages
      WHERE (state = 'exhausted' OR (state = 'pending' AND attempts > 0)) ORDER BY registration_id DESC LIMIT +@limit
    ) m JOIN registrations r ON r.id = m.registration_id
    WHERE m.state = 'exhausted' AND r.status <> 'cancelled'
      AND (SELECT at FROM attempts WHERE message_seq = m.seq ORDER BY n DESC LIMIT 1) > +@since`)
    .pluck(),
  urls: client
    .prepare<{ state: CallbackHealth['state']; since: number; limit: number }, number>(`
    SELECT count(*) FROM (SELECT 1 FROM callbacks
      WHERE state = +@state AND state <> 'watched' AND last_at > +@since LIMIT +@limit)`)
    .pluck(),
  openActs: client.prepare<{ limit: number }, { partnerId: string | null; count: number; done: number }>(
    "SELECT partner_id AS partnerId, count, done FROM bulk_acts WHERE state IN ('probing', 'running') LIMIT +@limit",
  ),
})
