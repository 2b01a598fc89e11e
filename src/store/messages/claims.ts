import { releaseSome } from '../callbacks/urls.ts'
import type { StoreContext } from '../context.ts'
import {
  afterMessageClaim,
  bySigning,
  createMessageClaiming,
  type DueOfLane,
  firstDueAt,
  NOTHING_CLAIMED,
  openClaimed,
  type PartnersQuestion,
  partnersRoundRobin,
  secretsFor,
  UNSIGNED_MS,
} from '../message-claims.ts'
import { heldAt } from '../operators/facts.ts'
import { createSecretRows } from '../partners/signing-secrets.ts'
import { answerAlone } from '../rules/questions.ts'
import { type DueLane, lanesFor, mayHaveMore, shareSlots } from '../rules/share-slots.ts'
import { type Due, HELD_IN_A_CLAIM, isBehind, spareOf, takeMessages } from '../rules/take-messages.ts'
import type { MessageClaimRequest, Store } from '../store.ts'
import { columnsOf, type Sql, type Tx } from '../tx.ts'
import { beginClaim } from './claims-lock.ts'
import { createLanes } from './lanes.ts'

/** The earliest due time of a lane, by the index that is for this alone, and whether a URL still has messages to be made due. */
export const PEEK = `SELECT
  (SELECT l.due_at FROM lanes l JOIN partners p ON p.id = l.partner_id
    WHERE l.due_at >= 0 AND NOT p.disabled ORDER BY l.due_at LIMIT 1) AS "firstDue",
  EXISTS (SELECT 1 FROM callbacks c WHERE c.state = 'releasing' AND c.state <> 'watched') AS "isReleasing"`

/** The partners that have something to send, in order, from after one: one seek of the index a partner. */
export const PARTNERS_WITH_LANES = `
  WITH RECURSIVE walk(partner_id, nth) AS (
    SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > @after), 1
    UNION ALL
    SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > walk.partner_id), nth + 1
    FROM walk WHERE walk.partner_id IS NOT NULL AND nth < @limit)
  SELECT p.id, p.disabled, EXISTS (SELECT 1 FROM callbacks c WHERE c.partner_id = p.id AND c.held_since IS NOT NULL) AS "isPausing"
  FROM walk JOIN partners p ON p.id = walk.partner_id ORDER BY p.id`

/** Of a partner and a kind. */
export const DUE_LANES = `
  SELECT ${columnsOf('lanes', ['id', 'partnerId', 'host', 'dueAt', 'slow', 'proven'])} FROM lanes
  WHERE partner_id = @partnerId AND slow = @slow AND proven = @proven AND due_at IS NOT NULL AND due_at <= @at
  ORDER BY due_at, id LIMIT @most`

/** A lane's oldest due messages or its newest. What others have locked is left out. A join of the holds may read all of them. */
const dueMessagesIn =
  (order: 'ASC' | 'DESC'): Sql =>
  d =>
    `
  SELECT ${columnsOf('deliveries', ['seq', 'claims', 'registrationId', 'callbackUrl', 'retries', 'dueAt'], 'd')},
    d.attempts + d.unrecorded AS attempts, ${columnsOf('messageBodies', ['body', 'traceparent', 'createdAt'], 'b')},
    (SELECT c.held_since FROM callbacks c WHERE c.partner_id = d.partner_id AND c.callback_url = d.callback_url) IS NOT NULL
      AS "isPaused"
  FROM (SELECT * FROM deliveries WHERE lane_id = @laneId AND due_at IS NOT NULL AND due_at <= @at
    ORDER BY due_at ${order}, seq ${order} LIMIT @most ${d.forUpdate({ skipLocked: true })}) AS d
    ${d.joinOne('message_bodies', 'b', { key: 'seq', is: 'd.seq' })}
  ORDER BY d.due_at, d.seq`
export const DUE_MESSAGES = { oldest: dueMessagesIn('ASC'), newest: dueMessagesIn('DESC') }

/** The count goes up for what is held too, so that an attempt whose lease ran out can be told apart from one that was settled. */
export const CLAIM: Sql = d => `
  UPDATE deliveries SET claims = claims + 1, claimed_at = claimed.claimed_at, due_at = claimed.due_at
  FROM ${d.rows('claimed', { seq: 'int8', claimedAt: 'int8', dueAt: 'int8' })} WHERE deliveries.seq = claimed.seq`

const EXHAUST: Sql = d => `
  UPDATE deliveries SET state = 'exhausted', claims = claims + 1, claimed_at = NULL, due_at = NULL
  WHERE seq IN ${d.list('seqs', 'int8')}`

/** Leases count as due times too: a crashed worker's messages bring their lane back. */
export const SETTLE_LANES: Sql = d => `
  UPDATE lanes SET due_at = (SELECT min(d.due_at) FROM deliveries d WHERE d.lane_id = lanes.id AND d.due_at IS NOT NULL)
  WHERE id IN ${d.list('ids', 'int8')}`

/** A message that is due, as a claim reads it. */
interface DueMessage extends DueOfLane {
  /** Messages for its URL are held. */
  isPaused: boolean
}

interface PartnerWithLanes {
  id: string
  disabled: boolean
  /** Messages for some of its URLs may be held. */
  isPausing: boolean
}

const partnersWithLanes = (tx: Tx, question: PartnersQuestion): Promise<PartnerWithLanes[]> =>
  tx.all(PARTNERS_WITH_LANES, { ...question })

const findLanes = async (
  tx: Tx,
  claim: MessageClaimRequest,
  partners: readonly PartnerWithLanes[],
): Promise<DueLane[]> => {
  const mayGet = partners.filter(({ id, disabled }) => !disabled && mayHaveMore(id, claim)).map(({ id }) => id)
  const questions = lanesFor(claim, mayGet).map(({ limit: most, ...kind }) => ({ ...kind, most, at: tx.at }))
  return (await tx.each<DueLane>(DUE_LANES, questions)).flat()
}

/** Each lane's own messages, in the order of the lanes. The caller has locked them. */
const dueMessages = (
  tx: Tx,
  lanes: readonly { laneId: number; most: number }[],
  which: keyof typeof DUE_MESSAGES,
): Promise<DueMessage[][]> => {
  if (lanes.every(({ most }) => most === 0)) return Promise.resolve(lanes.map(() => []))
  return tx.each(
    DUE_MESSAGES[which],
    lanes.map(lane => ({ ...lane, at: tx.at })),
  )
}

/** A lane to take messages of. */
interface Share {
  lane: DueLane
  take: number
}

/** The due messages of each lane that a claim takes from. */
const dueOf = async (tx: Tx, shares: readonly Share[], pausing: ReadonlySet<string>): Promise<Due<DueMessage>[]> => {
  const oldest = await dueMessages(tx, limitsOf(shares, pausing), 'oldest')
  const limits = shares.map(({ lane, take }, i) => ({
    laneId: lane.id,
    most: isBehind(oldest[i]?.[0]?.dueAt, tx.at) ? take : 0,
  }))
  const newest = await dueMessages(tx, limits, 'newest')
  return shares.map((_, i) => ({ oldest: oldest[i] ?? [], newest: newest[i] ?? [] }))
}

/** How many messages to look at of each lane. */
const limitsOf = (shares: readonly Share[], pausing: ReadonlySet<string>) => {
  let left = HELD_IN_A_CLAIM
  return shares.map(({ lane, take }) => {
    const spare = spareOf({ isPausing: pausing.has(lane.partnerId), left })
    left -= spare
    return { laneId: lane.id, most: take + spare }
  })
}

/**
 * A claim peeks first, without locks. It locks the lanes that it takes from, and reads their messages in a later statement: so it sees
 * all that those who had a lane locked before have made due, and puts the lane's due time right. What others have locked it leaves to
 * them; it waits only for the lanes of a URL that is being released.
 */
export const createMessageClaims = (context: StoreContext): Store['claimMessages'] => {
  const { write, read } = context
  const lanesOf = createLanes()
  const secrets = createSecretRows(context)

  /** What becomes of a lane's due messages. */
  const takeOf = ({ lane, take }: Share, due: Due<DueMessage>) => {
    const isPaused = (row: DueMessage) => row.isPaused
    const open = (row: DueMessage) => openClaimed(context, lane, row)
    return takeMessages(due, { take, dueRowOf: row => row, isPaused, open })
  }

  const claimAll = async (tx: Tx, claim: MessageClaimRequest, { last }: { last: string }) => {
    await beginClaim(tx)
    if ((await heldAt(tx)) !== null) return { claimed: NOTHING_CLAIMED, last }
    const { at } = tx
    await releaseSome(tx)
    const { partners, isAll } = await answerAlone(partnersRoundRobin<PartnerWithLanes>(last), questions =>
      Promise.all(questions.map(question => partnersWithLanes(tx, question))),
    )
    const found = await findLanes(tx, claim, partners)
    const live = await secrets.of(tx, [...new Set(found.map(({ partnerId }) => partnerId))])
    const { signed, unsigned } = bySigning(found, live)
    const shares = shareSlots(claim, signed)
    const wanted = [...shares.map(({ lane }) => lane), ...unsigned]
    const { lanes, free } = await lanesOf.loadFree(
      tx,
      wanted.map(({ id }) => id),
    )
    for (const { id } of unsigned) if (free.has(id)) lanes.set(id, { ...lanes.get(id), dueAt: at + UNSIGNED_MS })

    const mine = shares.filter(({ lane }) => free.has(lane.id))
    const pausing = new Set(partners.filter(({ isPausing }) => isPausing).map(({ id }) => id))
    const due = await dueOf(tx, mine, pausing)
    const taken = mine.map((share, i) => takeOf(share, due[i] ?? { oldest: [], newest: [] }))
    const messages = taken.flatMap(one => one.messages)
    const claimed = messages.map(({ seq }) => ({ seq, claimedAt: at, dueAt: at + claim.leaseMs }))
    const held = taken.flatMap(one => one.held.map(seq => ({ seq, claimedAt: null, dueAt: null })))
    if (claimed.length + held.length > 0) await tx.all(CLAIM, { claimed: [...claimed, ...held] })
    const unreadable = taken.flatMap(one => one.unreadable)
    if (unreadable.length > 0) await tx.all(EXHAUST, { seqs: unreadable })
    await lanes.save(tx)
    if (mine.length > 0) await tx.all(SETTLE_LANES, { ids: mine.map(({ lane }) => lane.id) })

    const firstDue = await nextDueAt(tx)
    // Those that others have locked too: there may be more to take soon.
    const tried = wanted.map(lane => ({ lane }))
    const nextAt = afterMessageClaim({ isAll, shares: tried, messages, firstDue }, at)
    return { claimed: { messages, secrets: secretsFor(messages, live), nextAt }, last: partners.at(-1)?.id ?? '' }
  }

  return createMessageClaiming({
    peek: () => read(async tx => ({ at: tx.at, nextAt: await nextDueAt(tx) })),
    claim: (request, from) => write(tx => claimAll(tx, request, from)),
  })
}

const nextDueAt = async (tx: Tx): Promise<number | null> => {
  const [row] = await tx.all<{ firstDue: number | null; isReleasing: boolean }>(PEEK)
  return firstDueAt(row ?? { firstDue: null, isReleasing: false }, tx.at)
}
