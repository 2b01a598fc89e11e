import { SECOND } from '../../core/duration.ts'
import type { Secret } from '../../core/secret.ts'
import { afterMessageClaim, FIRST_TURN } from '../rules/claim-turn.ts'
import { loadLanes } from '../rules/load-lanes.ts'
import { lookAgainAt } from '../rules/look-again.ts'
import { KEPT_ATTEMPTS, mayBeRecorded, settleMessage } from '../rules/settle-message.ts'
import { type DueLane, mayHaveMore, PARTNERS_IN_A_CLAIM, shareSlots } from '../rules/share-slots.ts'
import type {
  ClaimedMessage,
  ClaimedMessages,
  MessageClaimRequest,
  MessageOutcome,
  MessageSettlement,
  Store,
} from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import type { Context } from './context.ts'
import { prepareHold } from './deliveries-hold.ts'
import { createLanes, type LaneBook } from './lanes.ts'
import { type DueMessage, prepareMessages } from './message-statements.ts'
import { createSecretRows } from './signing-secrets.ts'

type Verbs = Pick<Store, 'claimMessages' | 'settleMessages'>

/** Not handed out; null: not due before something makes it so. */
interface HeldMessage {
  seq: number
  dueAt: number | null
}

/** In front of a lane so many messages for paused URLs are looked at in a claim; the next claim goes on after them. */
const HELD_IN_A_CLAIM = 100
/** A partner none of whose signing secrets can be decrypted is looked at again after this: it may have a new one then. */
const UNSIGNED_MS = 30 * SECOND
const NOTHING: ClaimedMessages = { messages: [], secrets: new Map(), nextAt: null }

export const createMessages = (context: Context): Verbs => {
  const { client, sealed, openOr, write, read, now } = context
  const statements = prepareMessages(client)
  const pauses = createCallbackPauses(context)
  const beginLanes = createLanes(client)
  const secrets = createSecretRows(context)
  const { heldAt } = prepareHold(client)
  let turn = FIRST_TURN

  /** The partners whose turn it is: those after `after`, then from the beginning on. */
  const inTurn = (after: string) => {
    const rest = statements.partnersWithLanes.all({ after, limit: PARTNERS_IN_A_CLAIM })
    if (rest.length === PARTNERS_IN_A_CLAIM) return { partners: rest, isAll: false }
    const start = statements.partnersWithLanes.all({ after: '', limit: PARTNERS_IN_A_CLAIM - rest.length })
    const isAll = start.length < PARTNERS_IN_A_CLAIM - rest.length || start.some(({ id }) => id > after)
    return { partners: [...rest, ...start.filter(({ id }) => id <= after)], isAll }
  }

  const findLanes = (claim: MessageClaimRequest, at: number) => {
    const { partners, isAll } = inTurn(turn.last)
    const mayGet = partners.filter(({ id, disabled }) => disabled === 0 && mayHaveMore(id, claim)).map(({ id }) => id)
    const lanes = loadLanes(claim, mayGet, (partnerId, { slow, proven }, after, limit) =>
      statements.dueLanes
        .all({
          ...{ partnerId, slow: slow ? 1 : 0, proven: proven ? 1 : 0, at, limit },
          ...{ afterDueAt: after?.dueAt ?? 0, afterId: after?.id ?? 0 },
        })
        .map((row): DueLane => ({ ...row, slow, proven })),
    )
    return { lanes, isAll, partnerIds: partners.map(({ id }) => id) }
  }

  /** The first due messages of a lane. Those for paused URLs are held; those that do not open are put off. */
  const dueOf = (lane: DueLane, take: number, at: number) => {
    const isPausing = pauses.hasAny(lane.partnerId)
    const rows = statements.due.all(lane.id, at, isPausing ? take + HELD_IN_A_CLAIM : take)
    const urls = isPausing ? new Set(rows.map(([, , , callbackUrl]) => callbackUrl)) : new Set<string>()
    const paused = new Set([...urls].filter(callbackUrl => pauses.since({ ...lane, callbackUrl }) !== null))
    const held = rows
      .filter(([, , , callbackUrl]) => paused.has(callbackUrl))
      .map(([seq]): HeldMessage => ({ seq, dueAt: null }))
    const wanted = rows.filter(([, , , callbackUrl]) => !paused.has(callbackUrl)).slice(0, take)
    const opened = wanted.map(row => ({ row, body: openBody(lane, row) }))
    return {
      messages: opened.flatMap(({ row, body }) => (body ? [messageOf(lane, row, body)] : [])),
      held: [...held, ...opened.flatMap(({ row, body }) => (body ? [] : [putOff(row, at)]))],
    }
  }

  const openBody = ({ partnerId }: DueLane, [, , registrationId, , body]: DueMessage): Buffer | null =>
    openOr(
      { table: 'messages', id: registrationId },
      { open: () => sealed.message.openBytes({ partnerId, registrationId, body }), instead: null },
    )

  const putOff = ([seq, , , , , , , , createdAt]: DueMessage, at: number): HeldMessage => ({
    seq,
    dueAt: lookAgainAt(createdAt, at),
  })

  const messageOf = (lane: DueLane, row: DueMessage, body: Buffer): ClaimedMessage => {
    const [seq, claims, registrationId, callbackUrl, , attempts, retries, traceparent, createdAt, dueAt] = row
    const { id: laneId, partnerId, host, slow, proven } = lane
    const claim = claims + 1
    return {
      ...{ seq, claim, partnerId, registrationId, laneId, slow, proven },
      ...{ host, callbackUrl, body, attempts, retries, traceparent, createdAt, dueAt },
    }
  }

  /** What is held for a URL that is lifted may be made due at once. */
  const firstDueAt = (at: number): number | null => {
    const dueAt = statements.firstDue.get() ?? null
    return pauses.isLifting() ? Math.min(dueAt ?? at, at) : dueAt
  }

  const continueLifting = (at: number) => {
    const lanes = beginLanes()
    pauses.continueLifting(at, lanes)
    lanes.save()
  }

  const claimAll = (claim: MessageClaimRequest, at: number) => {
    if (heldAt() !== null) return { claimed: NOTHING, nextTurn: turn }
    continueLifting(at)
    const { lanes, isAll, partnerIds } = findLanes(claim, at)
    const live = secrets.of(new Set(lanes.map(({ partnerId }) => partnerId)))
    const [signed, unsigned] = [true, false].map(signs =>
      lanes.filter(({ partnerId }) => hasAny(live.get(partnerId)) === signs),
    ) as [DueLane[], DueLane[]]
    if (unsigned.length > 0) statements.putOff.run(at + UNSIGNED_MS, JSON.stringify(unsigned.map(({ id }) => id)))
    const shares = shareSlots(claim, signed)
    const taken = shares.map(({ lane, take }) => dueOf(lane, take, at))
    const messages = taken.flatMap(one => one.messages)
    const held = taken.flatMap(one => one.held)
    statements.claim.run(at, at + claim.leaseMs, JSON.stringify(messages.map(({ seq }) => seq)))
    for (const [dueAt, some] of Map.groupBy(held, one => one.dueAt))
      statements.hold.run(dueAt, JSON.stringify(some.map(({ seq }) => seq)))
    for (const { lane } of shares) statements.settleLane.run(lane.id, lane.id)
    const firstDue = firstDueAt(at)
    const looked = [...shares, ...unsigned.map(lane => ({ lane }))]
    const after = afterMessageClaim(turn, { partnerIds, isAll, shares: looked, messages, firstDue }, at)
    return {
      claimed: { messages, secrets: onlyOf(live, messages), nextAt: after.nextAt },
      nextTurn: after.turn,
    }
  }

  const settleOne = (settlement: MessageSettlement, at: number, lanes: LaneBook): MessageOutcome => {
    const { message, attempt } = settlement
    const { seq, claim, laneId } = message
    const row = statements.find.get(seq)
    const facts = row
      ? {
          ...row,
          isErased: row.isErased === 1,
          isRecorded: mayBeRecorded(row, claim) && statements.findAttempt.get(seq, claim) !== undefined,
        }
      : null
    const plan = settleMessage(settlement, facts, lanes.get(laneId))
    if (!plan) return null
    const { state, dueAt, claimedAt, attempts, unrecorded, retries } = plan.update
    statements.settle.run(state, dueAt, claimedAt, attempts, unrecorded, retries, seq)
    if (plan.attempt && attempt) {
      const { n, at: attemptedAt, outcome, httpStatus, error, durationMs, responseExcerpt } = plan.attempt
      statements.addAttempt.run(seq, n, attemptedAt, outcome, httpStatus, error, durationMs, responseExcerpt)
      if (plan.trims) statements.trimAttempts.run({ seq, kept: KEPT_ATTEMPTS })
    }
    lanes.set(laneId, plan.lane)
    if (plan.pauses) pauses.pause(message, at)
    return plan.end
  }

  return {
    claimMessages: async claim => {
      const at = now()
      const nextAt = await read(() => firstDueAt(at))
      if (nextAt === null || nextAt > at || claim.slots <= 0) return { messages: [], secrets: new Map(), nextAt }
      const { claimed, nextTurn } = await write(() => claimAll(claim, at))
      turn = nextTurn
      return claimed
    },

    settleMessages: settlements =>
      write(() => {
        const at = now()
        const lanes = beginLanes()
        const outcomes = settlements.map(settlement => settleOne(settlement, at, lanes))
        lanes.save()
        return outcomes
      }),
  }
}

const hasAny = (secrets: readonly Secret[] | undefined): boolean => (secrets?.length ?? 0) > 0

const onlyOf = (
  secrets: ReadonlyMap<string, readonly Secret[]>,
  messages: readonly ClaimedMessage[],
): Map<string, readonly Secret[]> =>
  new Map(messages.map(({ partnerId }) => [partnerId, secrets.get(partnerId) ?? []] as const))
