import { lockUrls, releaseSome, type UrlChanges } from '../callbacks/urls.ts'
import { afterAttemptAt } from '../callbacks.ts'
import { afterCallbackChanges } from '../hints.ts'
import {
  afterMessageClaim,
  bySigning,
  createMessageClaiming,
  firstDueAt,
  NOTHING_CLAIMED,
  openClaimed,
  partnersRoundRobin,
  secretsFor,
  UNSIGNED_MS,
} from '../message-claims.ts'
import { beginClaim } from '../messages/claims-lock.ts'
import { type DeliveryChange, type LockedMessage, lockMessages, saveDeliveries } from '../messages/deliveries.ts'
import { createLanes, type LaneUnitOfWork } from '../messages/lanes.ts'
import { heldAt } from '../operators/facts.ts'
import { createSecretRows } from '../partners/signing-secrets.ts'
import { answerAlone } from '../rules/questions.ts'
import { leavesLanes, mayBeRecorded, settleMessage } from '../rules/settle-message.ts'
import { type DueLane, lanesFor, mayHaveMore, shareSlots } from '../rules/share-slots.ts'
import { type Due, HELD_IN_A_CLAIM, isBehind, spareOf, takeMessages } from '../rules/take-messages.ts'
import type { MessageClaimRequest, MessageOutcome, MessageSettlement, Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import {
  type AttemptKey,
  addAttempts,
  claim as claimMessages,
  type DueMessage,
  dueLanes,
  dueMessages,
  exhaust,
  findAttempts,
  type NewAttempt,
  type PartnerWithLanes,
  partnersWithLanes,
  peek,
  settleLanes,
  trimAttempts,
} from './message-statements.ts'

/** A lane to take messages of. */
interface Share {
  lane: DueLane
  take: number
}

/**
 * A claim peeks first, without locks. It locks the lanes that it takes from, and reads their messages in a later statement: so it sees
 * all that those who had a lane locked before have made due, and puts the lane's due time right. What others have locked it leaves to
 * them; it waits only for the lanes of a URL that is being released.
 */
export const createMessageClaims = (context: Context): Store['claimMessages'] => {
  const { write, read } = context
  const lanesOf = createLanes()
  const secrets = createSecretRows(context)

  const findLanes = (tx: Tx, claim: MessageClaimRequest, partners: readonly PartnerWithLanes[]): Promise<DueLane[]> => {
    const mayGet = partners.filter(({ id, disabled }) => !disabled && mayHaveMore(id, claim)).map(({ id }) => id)
    return dueLanes(tx, lanesFor(claim, mayGet), tx.at)
  }

  /** What becomes of a lane's due messages. */
  const takeOf = ({ lane, take }: Share, due: Due<DueMessage>) => {
    const isPaused = (row: DueMessage) => row.isPaused
    const open = (row: DueMessage) => openClaimed(context, lane, row)
    return takeMessages(due, { take, dueRowOf: row => row, isPaused, open })
  }

  /** The due messages of each lane that a claim takes from. */
  const dueOf = async (tx: Tx, shares: readonly Share[], pausing: ReadonlySet<string>): Promise<Due<DueMessage>[]> => {
    const oldest = await dueMessages(tx, limitsOf(shares, pausing), 'oldest')
    const limits = shares.map(({ lane, take }, i) => ({
      laneId: lane.id,
      limit: isBehind(oldest[i]?.[0]?.dueAt, tx.at) ? take : 0,
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
      return { laneId: lane.id, limit: take + spare }
    })
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
    await claimMessages(tx, [...claimed, ...held])
    await exhaust(
      tx,
      taken.flatMap(one => one.unreadable),
    )
    await lanes.save(tx)
    await settleLanes(
      tx,
      mine.map(({ lane }) => lane.id),
    )

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

const nextDueAt = async (tx: Tx): Promise<number | null> => firstDueAt(await peek(tx), tx.at)

/** What one run of a settling works with. */
interface Settling {
  at: number
  messages: MessageUnitOfWork
  lanes: LaneUnitOfWork
  urls: UrlChanges
}

/** The messages of a run: each is locked and read once, changed in memory, and written once. */
interface MessageUnitOfWork {
  known: Map<number, LockedMessage>
  changed: Map<number, DeliveryChange>
  recorded: Set<string>
  attempts: NewAttempt[]
  /** Those with more attempts than are kept. */
  trims: Set<number>
}

export const createMessageSettling = ({ write, tell }: Pick<Context, 'write' | 'tell'>): Store['settleMessages'] => {
  const lanesOf = createLanes()

  const load = async (tx: Tx, settlements: readonly MessageSettlement[]): Promise<Settling> => {
    const messages = await loadMessages(tx, settlements)
    const urls = await lockUrls(
      tx,
      settlements.flatMap(({ message, attempt }) => (attempt ? [message] : [])),
    )
    const ids = settlements.map(({ message }) => message.laneId)
    const lanes = await lanesOf.loadUnlessSteady(tx, ids, leavesLanes(settlements))
    return { at: tx.at, messages, lanes, urls }
  }

  return async settlements => {
    const { outcomes, changedUrls } = await write(async tx => {
      const settling = await load(tx, settlements)
      const outcomes = settlements.map(settlement => settleOne(settlement, settling))
      const { messages, lanes, urls } = settling
      await saveMessages(tx, messages)
      await lanes.save(tx)
      await urls.save(tx)
      return { outcomes, changedUrls: urls.changedUrls }
    })
    tell(afterCallbackChanges(changedUrls))
    return outcomes
  }
}

const attemptKey = ({ seq, claim }: AttemptKey): string => `${seq} ${claim}`

const loadMessages = async (tx: Tx, settlements: readonly MessageSettlement[]): Promise<MessageUnitOfWork> => {
  const found = await lockMessages(
    tx,
    settlements.map(({ message }) => message.seq),
  )
  const known = new Map(found.map(message => [message.seq, message]))
  const doubted = settlements.flatMap(({ message: { seq, claim } }) => {
    const facts = known.get(seq)
    return facts && mayBeRecorded(facts, claim) ? [{ seq, claim }] : []
  })
  const recorded = new Set((await findAttempts(tx, doubted)).map(attemptKey))
  return { known, recorded, changed: new Map(), attempts: [], trims: new Set() }
}

const settleOne = (settlement: MessageSettlement, { at, messages, lanes, urls }: Settling): MessageOutcome => {
  const { message } = settlement
  const { seq, laneId } = message
  const found = messages.known.get(seq)
  const facts = found ? { ...found, isRecorded: messages.recorded.has(attemptKey(message)) } : null
  const plan = settleMessage(settlement, facts, lanes.get(laneId))
  if (!found || !plan) return null
  const becomes = { ...found, ...plan.update }
  messages.known.set(seq, becomes)
  messages.changed.set(seq, { was: messages.changed.get(seq)?.was ?? found, becomes })
  if (plan.attempt) {
    messages.attempts.push({ ...plan.attempt, seq })
    messages.recorded.add(attemptKey({ seq, claim: plan.attempt.n }))
    if (plan.trims) messages.trims.add(seq)
    urls.apply(message, afterAttemptAt(urls.get(message), { ...plan.attempt, holds: plan.pauses }, at))
  }
  lanes.set(laneId, plan.lane)
  return plan.end
}

const saveMessages = async (tx: Tx, { changed, attempts, trims }: MessageUnitOfWork): Promise<void> => {
  await saveDeliveries(tx, [...changed.values()])
  await addAttempts(tx, attempts)
  await trimAttempts(tx, [...trims])
}
