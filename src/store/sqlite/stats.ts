import { viewAccount } from '../account.ts'
import { type CallbackHealth, STILL_FAILING_MS } from '../rules/callback-health.ts'
import { earlier } from '../rules/lane.ts'
import { LONGEST_RAMP_MS, type Ramp } from '../rules/ramp.ts'
import { type DueLane as BusyLane, GIVEN_UP_MS, MOST_ACCOUNTS, MOST_COUNTED, MOST_FAILED, statsOf } from '../stats.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { asc } from './drizzle.ts'
import { accounts, messageCounts, registrationCounts, verificationCounts } from './schema.ts'
import { prepareVerifications } from './verification-statements.ts'

/** What is due of a queue; up to one more than `MOST_COUNTED` is counted. */
interface Due {
  due: number
  oldestDueAt: number | null
}

/** The lanes of a partner that are of one kind, and when the first of them is due. */
interface LaneHead {
  partnerId: string
  slow: 0 | 1
  proven: 0 | 1
  dueAt: number | null
}

interface DueLane {
  dueAt: number
  /** When its first message is due: a lane may say so too early. */
  firstAt: number | null
}

interface DueMessages extends Due {
  busiest: BusyLane | null
}

const NOTHING: Due = { due: 0, oldestDueAt: null }

/**
 * Counts that triggers keep, and for what is due reads of the queues' own indexes: two seeks for each partner and queue, and
 * the rows up to `MOST_COUNTED`. So it takes as long with a million rows as with a thousand.
 */
export const createStats = ({ db, client, read, now, defaultRate }: Context): Pick<Store, 'stats'> => {
  const statements = prepare(client)
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

  const dueMessages = (at: number): DueMessages => {
    const heads = statements.laneHeads
      .all()
      .filter((head): head is LaneHead & { dueAt: number } => head.dueAt !== null && head.dueAt <= at)
    if (heads.length === 0) return { ...NOTHING, busiest: null }
    return { ...countMessages(heads, at), oldestDueAt: oldestMessage(heads, at) }
  }

  /** Lane by lane, until enough are counted. */
  const countMessages = (heads: readonly LaneHead[], at: number): Pick<DueMessages, 'due' | 'busiest'> => {
    const keys = JSON.stringify(heads.map(({ partnerId, slow, proven }) => [partnerId, slow, proven]))
    let due = 0
    let most = { laneId: 0, due: 0 }
    for (const [laneId, ofLane] of statements.dueOfLanes.iterate({ heads: keys, at, limit: MOST_COUNTED + 1 })) {
      due += ofLane
      if (ofLane > most.due) most = { laneId, due: ofLane }
      if (due > MOST_COUNTED) break
    }
    const lane = statements.lane.get({ laneId: most.laneId })
    return { due, busiest: lane ? { ...lane, due: most.due } : null }
  }

  /** Goes on only as long as a lane may have an older one than has been found; in all over at most `MOST_COUNTED` lanes. */
  const oldestMessage = (heads: readonly (LaneHead & { dueAt: number })[], at: number): number | null => {
    let oldest = Number.POSITIVE_INFINITY
    let left = MOST_COUNTED
    for (const { partnerId, slow, proven, dueAt } of heads.toSorted((a, b) => a.dueAt - b.dueAt)) {
      if (dueAt >= oldest || left <= 0) break
      for (const lane of statements.dueLanes.iterate({ partnerId, slow, proven, at, limit: left })) {
        if (lane.dueAt >= oldest) break
        left--
        oldest = Math.min(oldest, lane.firstAt ?? oldest)
      }
    }
    return oldest <= at ? oldest : null
  }

  const countUrls = (state: 'failing' | 'disabled', since: number): number =>
    statements.urls.get({ state, since, limit: MOST_COUNTED }) ?? 0

  /** Of one moment: what is committed between two of its reads would be counted twice, or not at all. */
  const readAll = client.transaction((at: number) => {
    const rows = db.select().from(accounts).orderBy(asc(accounts.id)).limit(MOST_ACCOUNTS).all()
    const byAccount = new Map(
      db
        .select()
        .from(verificationCounts)
        .all()
        .map(row => [row.accountId, row]),
    )
    const { waiting, leased, held, ...ended } = theOnly(db.select().from(messageCounts).get())
    return statsOf({
      at,
      accounts: rows.map(row => ({
        account: viewAccount(row, defaultRate),
        state: row,
        queue: { waiting: 0, leased: 0, ...byAccount.get(row.id), ...dueVerifications(row.id, at) },
      })),
      deliveries: {
        ...{ waiting: waiting + leased, leased, held, ...dueMessages(at) },
        givenUp: statements.givenUp.get({ since: at - GIVEN_UP_MS, limit: MOST_FAILED }) ?? 0,
        ramps: statements.ramps.all({ since: at - LONGEST_RAMP_MS, limit: MOST_COUNTED }),
      },
      registrations: theOnly(db.select().from(registrationCounts).get()),
      messages: { ...ended, pending: waiting + leased + held },
      callbacks: {
        held: statements.heldUrls.get({ limit: MOST_COUNTED }) ?? 0,
        failing: countUrls('failing', at - STILL_FAILING_MS),
        disabled: countUrls('disabled', 0),
      },
      openActs: statements.openActs.all({ limit: MOST_COUNTED }),
    })
  })

  return { stats: () => read(() => readAll(now())) }
}

const theOnly = <Row>(row: Row | undefined): Row => {
  if (!row) throw new Error('the row with the counts is gone')
  return row
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
  /** As `heads` of verification-statements.ts, for lanes. */
  laneHeads: client.prepare<[], LaneHead>(`
    WITH RECURSIVE waiting(partner_id) AS (
      SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > waiting.partner_id)
      FROM waiting WHERE waiting.partner_id IS NOT NULL),
    kinds(slow, proven) AS (VALUES (0, 0), (0, 1), (1, 0), (1, 1))
    SELECT waiting.partner_id AS partnerId, kinds.slow, kinds.proven,
      (SELECT min(due_at) FROM lanes l
       WHERE l.partner_id = waiting.partner_id AND l.slow = kinds.slow AND l.proven = kinds.proven AND l.due_at IS NOT NULL
      ) AS dueAt
    FROM waiting JOIN partners ON partners.id = waiting.partner_id CROSS JOIN kinds
    WHERE partners.disabled = 0`),
  /** How many of each lane are due, up to the limit. The index of the messages has all of it. */
  dueOfLanes: client
    .prepare<{ heads: string; at: number; limit: number }, [laneId: number, due: number]>(`
    SELECT l.id, (SELECT count(*) FROM (
      SELECT 1 FROM messages m WHERE m.lane_id = l.id AND m.due_at IS NOT NULL AND m.due_at <= +@at LIMIT +@limit))
    FROM json_each(@heads) head
      CROSS JOIN lanes l ON l.partner_id = head.value ->> 0 AND l.slow = head.value ->> 1 AND l.proven = head.value ->> 2
    WHERE l.due_at IS NOT NULL AND l.due_at <= +@at`)
    .raw(),
  lane: client.prepare<{ laneId: number }, Omit<BusyLane, 'due'>>(
    `SELECT partner_id AS partnerId, partners.name AS partnerName, host, strikes
     FROM lanes JOIN partners ON partners.id = partner_id WHERE lanes.id = @laneId`,
  ),
  dueLanes: client.prepare<Omit<LaneHead, 'dueAt'> & { at: number; limit: number }, DueLane>(`
    SELECT due_at AS dueAt, (SELECT min(m.due_at) FROM messages m WHERE m.lane_id = l.id AND m.due_at IS NOT NULL) AS firstAt
    FROM lanes l
    WHERE partner_id = +@partnerId AND slow = +@slow AND proven = +@proven AND due_at IS NOT NULL AND due_at <= +@at
    ORDER BY due_at LIMIT +@limit`),
  ramps: client.prepare<{ since: number; limit: number }, Ramp>(
    'SELECT ramp_at AS rampAt, ramped FROM lanes WHERE ramp_at IS NOT NULL AND ramp_at > +@since LIMIT +@limit',
  ),
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
    SELECT count(*) FROM (SELECT 1 FROM callback_health
      WHERE state = +@state AND state <> 'watched' AND last_at > +@since LIMIT +@limit)`)
    .pluck(),
  heldUrls: client
    .prepare<{ limit: number }, number>(
      'SELECT count(*) FROM (SELECT 1 FROM callback_pauses WHERE lifted_until IS NULL LIMIT +@limit)',
    )
    .pluck(),
  openActs: client.prepare<{ limit: number }, { partnerId: string | null; count: number; done: number }>(
    "SELECT partner_id AS partnerId, count, done FROM bulk_acts WHERE state IN ('probing', 'running') LIMIT +@limit",
  ),
})
