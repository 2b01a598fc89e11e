import { durationOf, effectiveRate } from '../../core/account.ts'
import { answersOf, reachOf } from '../../core/answer-times.ts'
import { earlier } from '../../core/clock.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { LATE_MS, type MostWaiting } from '../../core/trouble.ts'
import { accountOfRow, isInUse } from '../accounts/rows.ts'
import { NO_BACKUP } from '../backup.ts'
import { failingHosts } from '../callbacks/failing-hosts.ts'
import { STILL_FAILING_MS } from '../callbacks/health.ts'
import type { VerbModule } from '../context.ts'
import { asc, ne } from '../drizzle.ts'
import { IS_FREE } from '../messages/claims.ts'
import { BACKUPS, CHANNEL_REFUSING, DELIVERIES_HELD, findFact } from '../operators/facts.ts'
import { isAlive, loadNodes } from '../operators/nodes.ts'
import type { Dialect, Tx } from '../tx.ts'
import { givenUpSince } from './given-up.ts'
import {
  type AccountStats,
  type BulkStats,
  type EngineFigures,
  GIVEN_UP_MS,
  type GivenUp,
  type QueueStats,
  type Stats,
} from './stats.ts'

/** Cap of each count. */
const MAX_COUNTED = 10_000
/** Maximum number of accounts in the stats, oldest first: each costs a query. */
const MAX_ACCOUNTS = 1_000

/** Returns the number of rows in a state, of an owner: an account, a partner, a partner and an hour, or all (''). */
export type CountOf = (what: string, owner: string) => number

/** By the primary key of the counts, so that other owners add no cost. */
const COUNTED = 'SELECT what, sum(n) AS n FROM current_counts WHERE owner = @owner GROUP BY what'

/** Loads the counts that triggers keep of these owners. */
export const loadCounts = async (tx: Tx, owners: readonly string[]): Promise<CountOf> => {
  const values = owners.map(owner => ({ owner }))
  const found = await tx.each<{ what: string; n: number }>(COUNTED, values)
  const counts = new Map(owners.flatMap((owner, i) => found[i]?.map(({ what, n }) => [`${what} ${owner}`, n]) ?? []))
  return (what, owner) => counts.get(`${what} ${owner}`) ?? 0
}

/** Due rows, counted up to one above `MAX_COUNTED`, of an account up to twice as many. */
interface Due {
  due: number
  /** Of messages: how many of `due` are leased. */
  leased?: number
  oldestDueAt: number | null
}

/** Reads the figures that only the engine knows. */
export type ReadFigures = (tx: Tx) => Promise<EngineFigures>

export const statsVerbs = {
  searches: ({ read, queued, defaultRate, sealed }, { figuresOf }: { figuresOf: ReadFigures }) => ({
    /**
     * Returns figures as of one moment: the source of metrics, the overview, `status` and alerts. Reads the counts that
     * triggers keep, and counts due rows by the queues' own indexes: one seek for each partner and queue, and for each
     * due lane, and the rows up to `MAX_COUNTED`. So it takes as many statements, and about as long, with a million
     * rows as with a thousand.
     */
    stats: (): Promise<Stats> =>
      queued('stats', () =>
        read(async tx => {
          const { at, select, schema } = tx
          const { accounts: all } = schema
          const query = select().from(all).where(ne(all.id, TEST_ACCOUNT_ID)).orderBy(asc(all.id))
          const stored = await query.limit(MAX_ACCOUNTS)
          const countOf = await loadCounts(tx, [ALL, ...stored.map(({ id }) => id)])
          const waitingFor = (id: string) => countOf('verifications_waiting', id) + countOf('verifications_leased', id)
          const rows = stored.filter(row => isInUse(row) || waitingFor(row.id) > 0)
          const due = await dueVerifications(tx)
          const most = await mostWaiting(tx, due)
          const nodes = await loadNodes(tx)
          const nodeAnswers = nodes.filter(node => isAlive(node, at)).map(({ answers }) => answers)
          const queueOf = (
            rows: 'verifications' | 'messages',
            owner: string,
            { due: counted, leased: among = 0, oldestDueAt }: Due,
          ): QueueStats => {
            const due = Math.min(counted - among, MAX_COUNTED)
            const leased = among + countOf(`${rows}_leased`, owner)
            // A verification whose lease has run out counts as due and as leased.
            const scheduled = Math.max(0, countOf(`${rows}_waiting`, owner) - due - among)
            return { due, dueIsCapped: counted > MAX_COUNTED, scheduled, leased, oldestDueAt }
          }
          const accounts = rows.map((row): AccountStats => {
            const { passwordMode: _, partnerId: __, ...account } = accountOfRow(row, defaultRate)
            const queue = queueOf('verifications', row.id, due.get(row.id) ?? NOTHING)
            const ramp = { rate: account.rate, rampAt: row.rampAt, rampRate: row.rampRate }
            const answers = answersOf(row.id, nodeAnswers)
            const reach = reachOf(answers)
            const catchUpMs = Math.max(durationOf(queue.due, ramp, at), (queue.due / reach) * SECOND)
            const pace = { rateNow: Math.min(effectiveRate(ramp, at), reach), answers, catchUpMs }
            const seen = { waiting: waitingFor(row.id), isRemoved: !isInUse(row), most: most.get(row.id) }
            return { ...account, probeAt: row.probeAt, ...pace, ...seen, ...queue }
          })
          return {
            at,
            accounts,
            polls: sumOf(accounts),
            deliveries: {
              ...queueOf('messages', ALL, await dueMessages(tx)),
              held: countOf('messages_held', ALL),
              heldAt: await findFact(tx, DELIVERIES_HELD),
              ...(await givenUpSince(tx, at - GIVEN_UP_MS)),
            },
            callbacks: await troubledUrls(tx),
            failingHosts: await failingHosts(tx),
            bulk: await openBulkActs(tx),
            nodes,
            disabledPartners: await tx.all<{ id: string; name: string }>(DISABLED_PARTNERS),
            backup: (await findFact(tx, BACKUPS)) ?? NO_BACKUP,
            firstPartnerAt: (await tx.all<{ at: number }>(FIRST_PARTNER))[0]?.at ?? null,
            refusingChannel: await findFact(tx, CHANNEL_REFUSING),
            engine: { ...(await figuresOf(tx)), masterKey: sealed.keyId.toString('hex') },
          }
        }),
      ),

    /**
     * Counts this partner's given-up and resent messages whose last attempt began after `since` (epoch ms). Called for
     * alerts, so it does not queue behind the partner's reads.
     */
    givenUpOf: (partnerId: string, since: number): Promise<GivenUp> => read(tx => givenUpSince(tx, since, partnerId)),
  }),
} satisfies VerbModule

/** Owner of the counts over the whole database. */
const ALL = ''
/** Maximum number of lanes searched for the oldest message. */
const MAX_LANES = 1_000
const FIRST_PARTNER = 'SELECT created_at AS at FROM partners ORDER BY id LIMIT 1'
const NOTHING: Due = { due: 0, oldestDueAt: null }

const sumOf = (queues: readonly QueueStats[]): QueueStats => ({
  due: queues.reduce((sum, { due }) => sum + due, 0),
  dueIsCapped: queues.some(({ dueIsCapped }) => dueIsCapped),
  scheduled: queues.reduce((sum, { scheduled }) => sum + scheduled, 0),
  leased: queues.reduce((sum, { leased }) => sum + leased, 0),
  oldestDueAt: queues.reduce<number | null>((oldest, { oldestDueAt }) => earlier(oldest, oldestDueAt), null),
})

interface OpenAct {
  isOfPartner: boolean
  remaining: number
}
const OPEN_ACTS = `
  SELECT partner_id IS NOT NULL AS "isOfPartner", CASE WHEN count > done THEN count - done ELSE 0 END AS remaining
  FROM bulk_acts WHERE state IN ('probing', 'running') LIMIT ${MAX_COUNTED}`

const openBulkActs = async (tx: Tx): Promise<Stats['bulk']> => {
  const open = await tx.all<OpenAct>(OPEN_ACTS)
  return {
    resends: bulkStats(open.filter(({ isOfPartner }) => isOfPartner)),
    acts: bulkStats(open.filter(({ isOfPartner }) => !isOfPartner)),
  }
}

const bulkStats = (acts: readonly OpenAct[]): BulkStats => ({
  open: acts.length,
  remaining: acts.reduce((sum, { remaining }) => sum + remaining, 0),
})

/**
 * Columns of a queue with the first row `v`: its due time, if it is due, and the due rows of its account, including
 * `counted` ones of earlier queues. Above the cap, no more are counted. `IS NOT NULL` names the index.
 */
const queueAfter = (counted: string): string => `
  v.account_id, v.partner_id, v.queue, CASE WHEN v.due_at <= @at AND NOT p.disabled THEN v.due_at END,
  ${counted} + CASE WHEN v.due_at <= @at AND NOT p.disabled AND ${counted} <= ${MAX_COUNTED} THEN (
    SELECT count(*) FROM (
      SELECT 1 FROM verifications d
      WHERE d.account_id = v.account_id AND d.partner_id = v.partner_id AND d.queue = v.queue
        AND d.due_at IS NOT NULL AND d.due_at <= @at
      LIMIT ${MAX_COUNTED + 1}) AS capped) ELSE 0 END`

const firstBehind = (head: string): string => `(
  SELECT n.id FROM verifications n WHERE n.due_at IS NOT NULL AND ${head}
  ORDER BY n.account_id, n.partner_id, n.queue, n.due_at LIMIT 1)`
/** Column by column: for a comparison of rows SQLite would scan a whole queue. */
const NEXT_HEAD = `coalesce(
  ${firstBehind('n.account_id = head.account_id AND n.partner_id = head.partner_id AND n.queue > head.queue')},
  ${firstBehind('n.account_id = head.account_id AND n.partner_id > head.partner_id')},
  ${firstBehind('n.account_id > head.account_id')})`

/** The due time, but not before the partner was enabled. */
const dueSince = (at: string) => `CASE WHEN enabled_at > ${at} THEN enabled_at ELSE ${at} END`

/**
 * Goes from queue to queue of all accounts and partners by an index seek each, since neither engine has a skip scan for
 * it: a partner with a million rows costs no more than one with a single row.
 */
const DUE_VERIFICATIONS = (d: Dialect) => `
  WITH RECURSIVE head(account_id, partner_id, queue, due_at, due) AS (
    SELECT ${queueAfter('0')}
    FROM (SELECT * FROM verifications WHERE due_at IS NOT NULL
          ORDER BY account_id, partner_id, queue, due_at LIMIT 1) AS v
      ${d.joinByLookup('partners p', 'p.id = v.partner_id')}
    UNION ALL
    SELECT ${queueAfter('CASE WHEN v.account_id = head.account_id THEN head.due ELSE 0 END')}
    FROM head
      ${d.joinByLookup('verifications v', `v.id = ${NEXT_HEAD}`)}
      ${d.joinByLookup('partners p', 'p.id = v.partner_id')})
  SELECT head.account_id AS "accountId", max(head.due) AS due, min(${dueSince('head.due_at')}) AS "oldestDueAt"
  FROM head JOIN partners ON partners.id = head.partner_id GROUP BY head.account_id`

const dueVerifications = async (tx: Tx): Promise<ReadonlyMap<string, Due>> => {
  const rows = await tx.all<Due & { accountId: string }>(DUE_VERIFICATIONS, { at: tx.at })
  return new Map(rows.map(({ accountId, ...due }) => [accountId, due]))
}

/** From the counts that triggers keep, and a seek for each partner: EXISTS may read all waiting rows. */
const MOST_WAITING = `
  SELECT p.id AS "partnerId", p.name AS "partnerName", sum(c.n) AS waiting
  FROM current_counts c JOIN partners p ON p.id = c.owner
  WHERE c.what = 'partner_pending' AND NOT p.disabled AND (
    SELECT v.id FROM verifications v WHERE v.account_id = @accountId AND v.partner_id = p.id AND v.due_at IS NOT NULL LIMIT 1) IS NOT NULL
  GROUP BY p.id, p.name ORDER BY waiting DESC, p.id LIMIT 1`

/** Of accounts whose polls are late. */
const mostWaiting = async (tx: Tx, due: ReadonlyMap<string, Due>) => {
  const late = [...due].filter(([, { oldestDueAt }]) => tx.at - (oldestDueAt ?? tx.at) > LATE_MS)
  const ids = late.map(([accountId]) => ({ accountId }))
  const found = await tx.each<MostWaiting>(MOST_WAITING, ids)
  return new Map(ids.map(({ accountId }, i) => [accountId, found[i]?.[0]]))
}

/** Lanes of enabled partners, by due time. `due_at >= 0` is the condition of the index `lanes_first`. */
const dueLanes = (d: Dialect, by = '@at') => `
  SELECT l.id, p.enabled_at FROM lanes l ${d.joinByLookup('partners p', 'p.id = l.partner_id')}
  WHERE l.due_at >= 0 AND l.due_at <= ${by} AND NOT p.disabled ORDER BY l.due_at`
/** `IS NOT NULL` names the index `deliveries_due`. */
const DUE_OF_LANE = 'd.lane_id = l.id AND d.due_at IS NOT NULL AND d.due_at <= @at'

/** No message is leased for longer: `CALLBACK_TIMEOUT` is 45 s at most. */
const MAX_LEASE_MS = 2 * MINUTE
/** Lane by lane, up to the cap. A lane whose due messages are all leased is due when the first lease ends. */
const DUE_MESSAGES = (d: Dialect) => `
  SELECT count(*) AS due, count(CASE WHEN NOT ${IS_FREE} THEN 1 END) AS leased FROM (
    SELECT d.claimed_at, d.leased_until FROM (${dueLanes(d, '@latest')}) AS l ${d.joinByLookup('deliveries d', DUE_OF_LANE)}
    LIMIT ${MAX_COUNTED + 1}) AS capped`

/** Usually in the first lane: a lane's due time may be too early, and is too late only if its partner cannot sign. */
const OLDEST_MESSAGE = (d: Dialect) => `
  SELECT min(${dueSince('oldest.at')}) AS at FROM (
    SELECT l.enabled_at, (SELECT d.due_at FROM deliveries d WHERE ${DUE_OF_LANE} AND ${IS_FREE} ORDER BY d.due_at LIMIT 1) AS at
    FROM (${dueLanes(d)} LIMIT ${MAX_LANES}) AS l) AS oldest`

const dueMessages = async (tx: Tx): Promise<Due> => {
  const { at } = tx
  const [counted] = await tx.all<Omit<Due, 'oldestDueAt'>>(DUE_MESSAGES, { at, latest: at + MAX_LEASE_MS })
  if (!counted || counted.due === 0) return NOTHING
  const [oldest] = await tx.all<{ at: number | null }>(OLDEST_MESSAGE, { at })
  return { ...counted, oldestDueAt: oldest?.at ?? null }
}

const MAX_DISABLED = 20
/** Among the oldest disabled partners. PostgreSQL never answers scalar queries by a scan of all lanes. */
const DISABLED_PARTNERS = `
  SELECT p.id, p.name FROM (SELECT id, name FROM partners WHERE disabled ORDER BY id LIMIT 1000) AS p
  WHERE (SELECT sum(n) FROM current_counts WHERE what = 'partner_pending' AND owner = p.id) > 0
    OR (SELECT l.id FROM lanes l WHERE l.partner_id = p.id AND l.due_at IS NOT NULL LIMIT 1) IS NOT NULL
  ORDER BY p.id LIMIT ${MAX_DISABLED}`

/** `state <> 'watched'` is the condition of the index `callbacks_state`. */
const countUrls = (condition: string): string => `(SELECT count(*) FROM (
  SELECT 1 FROM callbacks WHERE state <> 'watched' AND ${condition} LIMIT ${MAX_COUNTED}) AS capped)`
const TROUBLED_URLS = `
  SELECT ${countUrls("state = 'gone'")} AS gone, ${countUrls("state = 'failing' AND last_at > @since")} AS failing,
    ${countUrls("state = 'disabled'")} AS disabled`

/** Each up to `MAX_COUNTED`. */
const troubledUrls = async (tx: Tx): Promise<Stats['callbacks']> => {
  const [counted] = await tx.all<Stats['callbacks']>(TROUBLED_URLS, { since: tx.at - STILL_FAILING_MS })
  return counted ?? { gone: 0, failing: 0, disabled: 0 }
}
