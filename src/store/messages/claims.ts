/*
 * One claim of messages. Steps 1 to 7 are one transaction.
 *
 * 0 read    whether a lane is due or a URL being released; if not, ends. Left out if the last claim left due ones
 * 1 lock    `claims`, shared. Ends here while an operator holds all webhooks
 * 2 write   one URL that is being released: its lane and some of its messages become due
 * 3 read    partners with lanes → due lanes of those enabled → their signing secrets; decide: `shareSlots`
 * 4 lock    the lanes that get slots or whose partner cannot sign; skip those that others have locked
 * 5 lock    due messages of the former, skip locked; decide: `takeMessages`; decrypt
 * 6 write   messages: those handed out are leased, the held and the unreadable lose their due time; all: claims + 1
 * 7 write   the next due time of the locked lanes; read the earliest one of all lanes
 */

import { SECOND } from '../../core/duration.ts'
import { HELD_SINCE, releaseSome } from '../callbacks/rows.ts'
import { beginClaim } from '../claims-lock.ts'
import type { VerbModule } from '../context.ts'
import { heldAt } from '../operators/facts.ts'
import { openSecrets } from '../partners/signing-secrets.ts'
import type { Opening } from '../sealed.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import { lockFreeLanes } from './lanes.ts'
import type { ClaimedMessage, ClaimedMessages, MessageClaimRequest } from './message.ts'
import { type DueLane, lanesFor, type Share, shareSlots } from './share-slots.ts'
import {
  afterMessageClaim,
  type Due,
  HELD_IN_A_CLAIM,
  heldAllowance,
  isBehind,
  partnersRoundRobin,
  takeMessages,
} from './take-messages.ts'

/**
 * The earliest due time of any lane, and whether messages of any URL are being released. `due_at >= 0` and
 * `state <> 'watched'` hold anyway: they are the conditions of the indexes `lanes_first` and `callbacks_state`.
 */
export const PEEK = `SELECT
  (SELECT l.due_at FROM lanes l JOIN partners p ON p.id = l.partner_id
    WHERE l.due_at >= 0 AND NOT p.disabled ORDER BY l.due_at LIMIT 1) AS "firstDue",
  EXISTS (SELECT 1 FROM callbacks c WHERE c.state = 'releasing' AND c.state <> 'watched') AS "isReleasing"`

const PARTNER = `
  p.id, p.disabled, (SELECT c.held_since FROM callbacks c WHERE c.partner_id = p.id AND c.held_since IS NOT NULL LIMIT 1) IS NOT NULL
    AS "hasHeld"`
/**
 * Partners with something to send, after `@after`, one index seek each. `hasHeld` avoids EXISTS: it may read all holds.
 */
export const PARTNERS_WITH_LANES = `
  WITH RECURSIVE walk(partner_id, nth) AS (
    SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > @after), 1
    UNION ALL
    SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > walk.partner_id), nth + 1
    FROM walk WHERE walk.partner_id IS NOT NULL AND nth < @max)
  SELECT ${PARTNER} FROM walk JOIN partners p ON p.id = walk.partner_id ORDER BY p.id`

/**
 * Partners of the lanes due first: they need not wait until the round has passed partners with only later retries.
 * `due_at >= 0` as in `PEEK`.
 */
export const FIRST_PARTNERS: Sql = d => `
  SELECT ${PARTNER} FROM (
    SELECT DISTINCT partner_id FROM (
      SELECT l.partner_id FROM lanes l ${d.joinByLookup('partners o', 'o.id = l.partner_id AND NOT o.disabled')}
      WHERE l.due_at >= 0 ORDER BY l.due_at LIMIT 64) AS first) AS foremost
    ${d.joinByLookup('partners p', 'p.id = foremost.partner_id')}`

/** Due lanes of a partner and a kind, the longest due first. `IS NOT NULL` names the index `lanes_due_of_kind`. */
export const DUE_LANES = `
  SELECT ${columnsOf('lanes', ['id', 'partnerId', 'host', 'dueAt', 'slow', 'proven'])} FROM lanes
  WHERE partner_id = @partnerId AND slow = @slow AND proven = @proven AND due_at IS NOT NULL AND due_at <= @at
  ORDER BY due_at, id LIMIT @max`

/** SQL condition: unclaimed, or its lease has ended. */
export const IS_FREE = '(claimed_at IS NULL OR coalesce(leased_until, 0) <= @at)'

/**
 * A lane's oldest or newest due messages that are not locked. `due_at IS NOT NULL` names the index `deliveries_due`.
 * `isHeld` avoids a join, which may read all holds.
 */
const dueMessagesIn =
  (order: 'ASC' | 'DESC'): Sql =>
  d =>
    `
  SELECT ${columnsOf('deliveries', ['seq', 'claims', 'registrationId', 'callbackUrl', 'retries', 'dueAt'], 'd')},
    d.attempts + d.unrecorded AS attempts, ${columnsOf('messageBodies', ['body', 'traceparent', 'createdAt'], 'b')},
    ${HELD_SINCE} IS NOT NULL AS "isHeld"
  FROM (SELECT * FROM deliveries WHERE lane_id = @laneId AND due_at IS NOT NULL AND due_at <= @at AND ${IS_FREE}
    ORDER BY due_at ${order}, seq ${order} LIMIT @max ${d.forUpdate({ skipLocked: true })}) AS d
    ${d.joinByLookup('message_bodies b', 'b.seq = d.seq')}
  ORDER BY d.due_at, d.seq`
export const DUE_MESSAGES = { oldest: dueMessagesIn('ASC'), newest: dueMessagesIn('DESC') }

export const CLAIM: Sql = d => `
  UPDATE deliveries SET claims = claims + 1, claimed_at = @at, leased_until = @leaseEnd WHERE seq IN ${d.list('seqs', 'int8')}`

const IN_LANE = 'FROM deliveries WHERE lane_id = lanes.id AND due_at IS NOT NULL AND'
/**
 * Sets the due time of lanes whose due messages are all claimed. Ends of leases count as due times, so that a crashed
 * worker's messages make their lane due again; of very many leases the 1,000 due first, so that PostgreSQL uses the
 * index.
 */
export const SETTLE_LANES: Sql = d => `
  UPDATE lanes SET due_at = (SELECT min(due_at) FROM (
    SELECT * FROM (SELECT due_at ${IN_LANE} ${IS_FREE} ORDER BY due_at LIMIT 1) AS free
    UNION ALL SELECT leased_until FROM (SELECT * ${IN_LANE} due_at <= @at ORDER BY due_at LIMIT 1000) AS due WHERE NOT ${IS_FREE}) AS next)
  WHERE id IN ${d.list('ids', 'int8')}`

interface PartnerWithLanes {
  id: string
  disabled: boolean
  /** Messages for some of its URLs may be held. */
  hasHeld: boolean
}

/** A due message as a claim reads it. */
interface DueMessage
  extends Pick<ClaimedMessage, 'seq' | 'registrationId' | 'callbackUrl' | 'attempts' | 'retries'>,
    Pick<ClaimedMessage, 'traceparent' | 'createdAt' | 'dueAt'> {
  claims: number
  /** Sealed. */
  body: Buffer
  /** Messages for its URL are held. */
  isHeld: boolean
}

/** Retry delay of lanes whose partner has no signing secret that can be decrypted. */
const UNSIGNED_MS = 30 * SECOND

const NOTHING_CLAIMED: ClaimedMessages = { messages: [], secrets: new Map(), nextAt: null }

/**
 * A claim peeks first, without locks, unless the last claim left due messages: most peeks find nothing to send now. It
 * locks the lanes it takes from and reads their messages in a later statement, so it sees every message made due under
 * an earlier lock of the lane, and sets the lane's correct due time. It skips rows that others have locked; it waits
 * only for the lanes of a URL that is being released.
 */
export const messageClaimVerbs = {
  loops: context => {
    /** Id of the last partner that the previous claim read. Changes only after a commit. */
    let last = ''
    /** The last claim left due messages. */
    let mayHaveMore = false

    return {
      /** Claims due messages, each for one caller until its lease ends, shared over partners and hosts. */
      claimMessages: async (request: MessageClaimRequest): Promise<ClaimedMessages> => {
        if (!mayHaveMore || request.slots <= 0) {
          const { at, nextAt } = await context.read(async tx => ({ at: tx.at, nextAt: await firstDueAt(tx) }))
          if (nextAt === null || nextAt > at || request.slots <= 0) return { ...NOTHING_CLAIMED, nextAt }
        }
        mayHaveMore = false
        const done = await context.write(tx => claimAll(tx, request, { last, context }))
        last = done.last
        mayHaveMore = done.mayHaveMore
        return done.claimed
      },
    }
  },
} satisfies VerbModule

const claimAll = async (
  tx: Tx,
  request: MessageClaimRequest,
  { last, context }: { last: string; context: Opening },
) => {
  await beginClaim(tx)
  if ((await heldAt(tx)) !== null) return { claimed: NOTHING_CLAIMED, last, mayHaveMore: false }
  await releaseSome(tx)
  const { partners: round, isWholeRound } = await partnersRoundRobin(last, windows =>
    tx.each<PartnerWithLanes>(PARTNERS_WITH_LANES, windows),
  )
  const firstPartners = isWholeRound ? [] : await tx.all<PartnerWithLanes>(FIRST_PARTNERS)
  const partners = [...new Map([...round, ...firstPartners].map(one => [one.id, one])).values()]
  const enabled = partners.filter(({ disabled }) => !disabled).map(({ id }) => id)
  const windows = lanesFor(request, enabled).map(window => ({ ...window, at: tx.at }))
  const found = (await tx.each<DueLane>(DUE_LANES, windows)).flat()
  const live = await openSecrets(tx, [...new Set(found.map(({ partnerId }) => partnerId))], context)
  const secretsOf = (partnerId: string) => live.get(partnerId) ?? []
  const shares = shareSlots(
    request,
    found.filter(({ partnerId }) => secretsOf(partnerId).length > 0),
  )
  const unsigned = found.filter(({ partnerId }) => secretsOf(partnerId).length === 0)
  // Counts lanes locked by others too: they may soon have more to take.
  const laneIds = [...shares.map(({ lane }) => lane), ...unsigned].map(({ id }) => id)
  const free = await lockFreeLanes(tx, laneIds)
  const mine = shares.filter(({ lane }) => free.has(lane.id))
  const holding = new Set(partners.filter(({ hasHeld }) => hasHeld).map(({ id }) => id))
  const { messages, lanes } = await takeFrom(tx, mine, { holding, leaseMs: request.leaseMs, context })
  const putOff = unsigned.filter(({ id }) => free.has(id)).map(({ id }) => ({ id, dueAt: tx.at + UNSIGNED_MS }))
  await tx.update('lanes', ['id'], [...putOff, ...lanes.filter(({ dueAt }) => dueAt !== null)])
  const ids = lanes.flatMap(({ id, dueAt }) => (dueAt === null ? id : []))
  if (ids.length > 0) await tx.all(SETTLE_LANES, { ids, at: tx.at })

  const done = { isWholeRound, lanes: laneIds.length, messages: messages.length, firstDue: await firstDueAt(tx) }
  const signing = new Map(messages.map(({ partnerId }) => [partnerId, secretsOf(partnerId)]))
  const nextAt = afterMessageClaim(done, tx.at)
  return {
    claimed: { messages, secrets: signing, nextAt },
    last: round.at(-1)?.id ?? '',
    mayHaveMore: nextAt !== null && nextAt <= tx.at,
  }
}

/** Returns when the first message may be due, or null if none waits. A URL being released counts as due now. */
const firstDueAt = async (tx: Tx): Promise<number | null> => {
  const [{ firstDue, isReleasing } = NO_LANES] = await tx.all<{ firstDue: number | null; isReleasing: boolean }>(PEEK)
  return isReleasing ? Math.min(firstDue ?? tx.at, tx.at) : firstDue
}
const NO_LANES = { firstDue: null, isReleasing: false }

/**
 * Claims messages of lanes that the caller has locked, and holds messages for held URLs. Holding increments `claims`
 * too, so that an attempt whose lease ran out is distinguishable from a settled one. A message that cannot be decrypted
 * becomes exhausted.
 */
const takeFrom = async (
  tx: Tx,
  shares: readonly Share[],
  { holding, leaseMs, context }: { holding: ReadonlySet<string>; leaseMs: number; context: Opening },
) => {
  const due = await dueOf(tx, shares, holding)
  const all = shares.map(({ take }, i) => takeMessages(due[i] ?? { oldest: [], newest: [] }, take))
  const opened = shares.flatMap(({ lane }, i) =>
    (all[i]?.taken ?? []).map(row => ({ row, message: open(context, lane, row) })),
  )
  const messages = opened.flatMap(({ message }) => message ?? [])
  const held = all.flatMap(one => one.held)
  const seqs = messages.map(({ seq }) => seq)
  if (seqs.length > 0) await tx.all(CLAIM, { seqs, at: tx.at, leaseEnd: tx.at + leaseMs })
  const unreadable = opened.flatMap(({ row, message }) => (message === null ? row : []))
  const ended = [
    ...held.map(row => deliveryUpdate(row, 'pending')),
    ...unreadable.map(row => deliveryUpdate(row, 'exhausted')),
  ]
  await tx.update('deliveries', ['seq'], ended)
  const handled = new Set([...seqs, ...ended.map(({ seq }) => seq)])
  const lanes = shares.map(({ lane: { id }, take }, i) => {
    const oldest = due[i]?.oldest ?? []
    const next = oldest.find(({ seq }) => !handled.has(seq)) ?? oldest.at(-1)
    // A lane that may have more is due with the first message read and not taken, or else with the last one read.
    return { id, dueAt: next && oldest.length >= take ? next.dueAt : null }
  })
  return { messages, lanes }
}

const deliveryUpdate = ({ seq, claims }: DueMessage, state: 'pending' | 'exhausted') => {
  return { seq, state, claims: claims + 1, claimedAt: null, dueAt: null }
}

/** The due messages of each lane that a claim takes from. */
const dueOf = async (tx: Tx, shares: readonly Share[], holding: ReadonlySet<string>): Promise<Due<DueMessage>[]> => {
  let left = HELD_IN_A_CLAIM
  const limits = shares.map(({ lane, take }) => {
    const spare = heldAllowance({ hasHeld: holding.has(lane.partnerId), left })
    left -= spare
    return { laneId: lane.id, max: take + spare, at: tx.at }
  })
  const oldest = await tx.each<DueMessage>(DUE_MESSAGES.oldest, limits)
  const behind = shares.filter((_, i) => isBehind(oldest[i]?.[0]?.dueAt, tx.at))
  const windows = behind.map(({ lane, take }) => ({ laneId: lane.id, max: take, at: tx.at }))
  const found = await tx.each<DueMessage>(DUE_MESSAGES.newest, windows)
  const newest = new Map(behind.map((share, i) => [share, found[i]]))
  return shares.map((share, i) => ({ oldest: oldest[i] ?? [], newest: newest.get(share) ?? [] }))
}

/** Returns the message to hand out, or null if its body cannot be decrypted. */
const open = ({ sealed, openOrElse }: Opening, lane: DueLane, due: DueMessage): ClaimedMessage | null => {
  const { claims, body: sealedBody, isHeld: _, ...message } = due
  const { id: laneId, dueAt: __, ...ofLane } = lane
  const { registrationId } = message
  const open = () => sealed.message.open({ partnerId: lane.partnerId, registrationId, body: sealedBody })
  const body = openOrElse({ table: 'messages', id: registrationId }, { open, instead: null })
  return body === null ? null : { ...message, ...ofLane, laneId, claim: claims + 1, body }
}
