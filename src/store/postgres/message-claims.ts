import type { Secret } from '../../core/secret.ts'
import { afterMessageClaim, FIRST_TURN } from '../rules/claim-turn.ts'
import { loadLanes } from '../rules/load-lanes.ts'
import { lookAgainAt, UNSIGNED_MS } from '../rules/look-again.ts'
import { answerTogether } from '../rules/questions.ts'
import { afterLook, missedBefore, NOT_LOOKING, takeDue } from '../rules/ramp.ts'
import { type DueLane, mayHaveMore, PARTNERS_IN_A_CLAIM, shareSlots } from '../rules/share-slots.ts'
import type { ClaimedMessage, ClaimedMessages, MessageClaimRequest, Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import { beginClaim } from './claim-stop.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { heldAt } from './deliveries-hold.ts'
import { createLanes, type LaneBook } from './lanes.ts'
import {
  type ClaimUpdate,
  claim as claimMessages,
  type DueMessage,
  dueLanes,
  dueMessages,
  look,
  type PartnerInTurn,
  partnersWithLanes,
  settleLanes,
} from './message-statements.ts'
import { createSecretRows } from './signing-secrets.ts'

/** A lane to take messages of. */
interface Share {
  lane: DueLane
  take: number
}

/**
 * So many messages that are held or put off are looked at in a claim, in front of a lane and of all lanes, beyond those that were to be
 * handed out; the next claim goes on after them.
 */
const HELD_IN_A_LANE = 100
const HELD_IN_A_CLAIM = 1_000
const NOTHING: ClaimedMessages = { messages: [], secrets: new Map(), nextAt: null }

/**
 * A claim looks first, without locks. It locks the lanes that it takes from, and reads their messages in a later statement: so it sees
 * all that those who had a lane locked before have made due, and puts the lane's due time right. What others have locked it leaves to
 * them; it waits only for the lanes of a URL that is being lifted.
 */
export const createMessageClaims = (context: Context): Store['claimMessages'] => {
  const { sealed, openOr, write, read } = context
  const pauses = createCallbackPauses()
  const lanesOf = createLanes()
  const secrets = createSecretRows(context)
  let turn = FIRST_TURN
  let looking = NOT_LOOKING

  /** The partners whose turn it is: those after `after`, then from the beginning on. */
  const inTurn = async (tx: Tx, after: string) => {
    const rest = await partnersWithLanes(tx, after, PARTNERS_IN_A_CLAIM)
    if (rest.length === PARTNERS_IN_A_CLAIM) return { partners: rest, isAll: false }
    const start = await partnersWithLanes(tx, '', PARTNERS_IN_A_CLAIM - rest.length)
    const isAll = start.length < PARTNERS_IN_A_CLAIM - rest.length || start.some(({ id }) => id > after)
    return { partners: [...rest, ...start.filter(({ id }) => id <= after)], isAll }
  }

  const findLanes = async (
    tx: Tx,
    claim: MessageClaimRequest,
    partners: readonly PartnerInTurn[],
  ): Promise<DueLane[]> => {
    const mayGet = partners.filter(({ id, disabled }) => !disabled && mayHaveMore(id, claim)).map(({ id }) => id)
    const [lanes = []] = await answerTogether([loadLanes(claim, mayGet)], questions => dueLanes(tx, questions, tx.at))
    return lanes
  }

  const messageOf = (lane: DueLane, row: DueMessage, body: Buffer): ClaimedMessage => {
    const { seq, claims, registrationId, callbackUrl, attempts, retries, traceparent, createdAt, dueAt } = row
    const { id: laneId, partnerId, host, slow, proven } = lane
    return {
      ...{ seq, claim: claims + 1, partnerId, registrationId, laneId, slow, proven },
      ...{ host, callbackUrl, body, attempts, retries, traceparent, createdAt, dueAt },
    }
  }

  /** Null: it does not open. */
  const opened = (lane: DueLane, row: DueMessage): ClaimedMessage | null => {
    const { partnerId } = lane
    const { registrationId, body } = row
    const open = () => sealed.message.openBytes({ partnerId, registrationId, body })
    const bytes = openOr({ table: 'messages', id: registrationId }, { open, instead: null })
    return bytes && messageOf(lane, row, bytes)
  }

  /** What becomes of a lane's due messages: those for paused URLs are held; those that do not open, or missed their time, are put off. */
  const takeOf = (
    { lane, take }: Share,
    rows: readonly DueMessage[],
    { at, missed, lanes }: { at: number; missed: number; lanes: LaneBook },
  ) => {
    const [paused, others] = [true, false].map(isPaused => rows.filter(row => row.isPaused === isPaused)) as [
      DueMessage[],
      DueMessage[],
    ]
    const ramp = (seq: number) => lanes.ramp(lane.id, seq, at)
    const { taken, putOff: late } = takeDue(others, { take, at, missed, look: row => row, ramp })
    const judged = taken.map(row => ({ row, message: opened(lane, row) }))
    const held: ClaimUpdate[] = [
      ...paused.map(({ seq }) => ({ seq, claimedAt: null, dueAt: null })),
      ...late.map(({ row: { seq }, dueAt }) => ({ seq, claimedAt: null, dueAt })),
      ...judged.flatMap(({ row: { seq, createdAt }, message }) =>
        message ? [] : [{ seq, claimedAt: null, dueAt: lookAgainAt(createdAt, at) }],
      ),
    ]
    return { messages: judged.flatMap(({ message }) => message ?? []), held }
  }

  /** How many messages to look at of each lane. */
  const limitsOf = (shares: readonly Share[], missed: number, pausing: ReadonlySet<string>) => {
    let left = HELD_IN_A_CLAIM
    return shares.map(({ lane, take }) => {
      const spare = pausing.has(lane.partnerId) || lane.dueAt < missed ? Math.min(left, HELD_IN_A_LANE) : 0
      left -= spare
      return { laneId: lane.id, limit: take + spare }
    })
  }

  const claimAll = async (tx: Tx, claim: MessageClaimRequest, missed: number) => {
    await beginClaim(tx)
    if ((await heldAt(tx)) !== null) return { claimed: NOTHING, nextTurn: turn }
    const { at } = tx
    await pauses.continueLifting(tx, at)
    const { partners, isAll } = await inTurn(tx, turn.last)
    const found = await findLanes(tx, claim, partners)
    const live = await secrets.of(tx, [...new Set(found.map(({ partnerId }) => partnerId))])
    const signs = ({ partnerId }: DueLane) => hasAny(live.get(partnerId))
    const unsigned = found.filter(lane => !signs(lane))
    const shares = shareSlots(claim, found.filter(signs))
    const wanted = [...shares.map(({ lane }) => lane), ...unsigned]
    const { lanes, free } = await lanesOf.loadFree(
      tx,
      wanted.map(({ id }) => id),
    )
    for (const { id } of unsigned) if (free.has(id)) lanes.set(id, { ...lanes.get(id), dueAt: at + UNSIGNED_MS })

    const mine = shares.filter(({ lane }) => free.has(lane.id))
    const pausing = new Set(partners.filter(({ isPausing }) => isPausing).map(({ id }) => id))
    const due = await dueMessages(tx, limitsOf(mine, missed, pausing), at)
    const taken = mine.map((share, i) => takeOf(share, due[i] ?? [], { at, missed, lanes }))
    const messages = taken.flatMap(one => one.messages)
    const claimed = messages.map(({ seq }) => ({ seq, claimedAt: at, dueAt: at + claim.leaseMs }))
    await claimMessages(tx, [...claimed, ...taken.flatMap(one => one.held)])
    await lanes.save(tx)
    await settleLanes(
      tx,
      mine.map(({ lane }) => lane.id),
    )

    const firstDue = await firstDueAt(tx)
    // Those that others have locked too: there may be more to take soon.
    const looked = wanted.map(lane => ({ lane }))
    const partnerIds = partners.map(({ id }) => id)
    const after = afterMessageClaim(turn, { partnerIds, isAll, shares: looked, messages, firstDue }, at)
    return { claimed: { messages, secrets: onlyOf(live, messages), nextAt: after.nextAt }, nextTurn: after.turn }
  }

  return async claim => {
    const { at, nextAt, isHeld } = await read(async tx => ({
      at: tx.at,
      nextAt: await firstDueAt(tx),
      isHeld: (await heldAt(tx)) !== null,
    }))
    if (!isHeld) looking = afterLook(looking, at)
    if (nextAt === null || nextAt > at || claim.slots <= 0) return { messages: [], secrets: new Map(), nextAt }
    const { claimed, nextTurn } = await write(tx => claimAll(tx, claim, missedBefore(looking)))
    turn = nextTurn
    return claimed
  }
}

/** What is held for a URL that is lifted may be made due at once. */
const firstDueAt = async (tx: Tx): Promise<number | null> => {
  const { firstDue, isLifting } = await look(tx)
  return isLifting ? Math.min(firstDue ?? tx.at, tx.at) : firstDue
}

const hasAny = (secrets: readonly Secret[] | undefined): boolean => (secrets?.length ?? 0) > 0

const onlyOf = (
  secrets: ReadonlyMap<string, readonly Secret[]>,
  messages: readonly ClaimedMessage[],
): Map<string, readonly Secret[]> =>
  new Map(messages.map(({ partnerId }) => [partnerId, secrets.get(partnerId) ?? []] as const))
