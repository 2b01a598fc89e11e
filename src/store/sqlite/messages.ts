import { afterAttemptAt } from '../callbacks.ts'
import { afterCallbackChanges, tellHints } from '../hints.ts'
import {
  afterMessageClaim,
  bySigning,
  createMessageClaiming,
  type DueOfLane,
  firstDueAt,
  NOTHING_CLAIMED,
  openClaimed,
  partnersRoundRobin,
  secretsFor,
  UNSIGNED_MS,
} from '../message-claims.ts'
import { answer } from '../rules/questions.ts'
import { KEPT_ATTEMPTS, mayBeRecorded, settleMessage } from '../rules/settle-message.ts'
import { type DueLane, lanesFor, mayHaveMore, shareSlots } from '../rules/share-slots.ts'
import { HELD_IN_A_CLAIM, isBehind, spareOf, takeMessages } from '../rules/take-messages.ts'
import type { MessageClaimRequest, MessageOutcome, MessageSettlement, Store } from '../store.ts'
import { createUrls, type UrlChanges } from './callbacks.ts'
import type { Context } from './context.ts'
import { heldAt } from './facts.ts'
import { createLanes, type LaneUnitOfWork } from './lanes.ts'
import { type DueMessage, type PartnerWithLanes, prepareMessages } from './message-statements.ts'
import { createSecretRows } from './signing-secrets.ts'

/** What one run of a settling works with. */
interface Settling {
  at: number
  lanes: LaneUnitOfWork
  urls: UrlChanges
}

export const createMessages = (context: Context) => {
  const { client, write, read, now, hints } = context
  const statements = prepareMessages(client)
  const urls = createUrls(context)
  const beginLanes = createLanes(client)
  const secrets = createSecretRows(context)

  const findLanes = (claim: MessageClaimRequest, at: number, last: string) => {
    const { partners, isAll } = answer(partnersRoundRobin<PartnerWithLanes>(last), question =>
      statements.partnersWithLanes.all(question),
    )
    const mayGet = partners.filter(({ id, disabled }) => disabled === 0 && mayHaveMore(id, claim)).map(({ id }) => id)
    const lanes = lanesFor(claim, mayGet).flatMap(({ partnerId, slow, proven, limit }) =>
      statements.dueLanes
        .all({ partnerId, slow: slow ? 1 : 0, proven: proven ? 1 : 0, at, limit })
        .map((row): DueLane => ({ ...row, slow, proven })),
    )
    return { lanes, isAll, last: partners.at(-1)?.id ?? '' }
  }

  /** The first due messages of a lane, and what becomes of them. */
  const dueOf = (lane: DueLane, take: number, { at, left }: { at: number; left: number }) => {
    const isPausing = urls.hasHeld(lane.partnerId)
    const oldest = statements.due.all(lane.id, at, take + spareOf({ isPausing, left }))
    const newest = isBehind(oldest[0] && dueRowOf(oldest[0]).dueAt, at) ? statements.newest.all(lane.id, at, take) : []
    const found = isPausing
      ? new Set([...oldest, ...newest].map(([, , , callbackUrl]) => callbackUrl))
      : new Set<string>()
    const isHeld = (callbackUrl: string) => (urls.find({ ...lane, callbackUrl })?.heldSince ?? null) !== null
    const paused = new Set([...found].filter(isHeld))
    const isPaused = ([, , , callbackUrl]: DueMessage) => paused.has(callbackUrl)
    const open = (row: DueMessage) => openClaimed(context, lane, dueOfLane(row))
    return {
      ...takeMessages({ oldest, newest: newest.toReversed() }, { take, dueRowOf, isPaused, open }),
      readFurther: Math.max(0, oldest.length - take),
    }
  }

  const nextDueAt = (at: number): number | null =>
    firstDueAt({ firstDue: statements.firstDue.get() ?? null, isReleasing: urls.isReleasing() }, at)

  const claimAll = (claim: MessageClaimRequest, from: { at: number; last: string }) => {
    const { at } = from
    if (heldAt(client) !== null) return { claimed: NOTHING_CLAIMED, last: from.last }
    urls.releaseSome(at)
    const { lanes, isAll, last } = findLanes(claim, at, from.last)
    const live = secrets.of(new Set(lanes.map(({ partnerId }) => partnerId)))
    const { signed, unsigned } = bySigning(lanes, live)
    if (unsigned.length > 0) statements.putOff.run(at + UNSIGNED_MS, JSON.stringify(unsigned.map(({ id }) => id)))
    const shares = shareSlots(claim, signed)
    let left = HELD_IN_A_CLAIM
    const taken = shares.map(({ lane, take }) => {
      const due = dueOf(lane, take, { at, left })
      left -= due.readFurther
      return due
    })
    const messages = taken.flatMap(one => one.messages)
    statements.claim.run(at, at + claim.leaseMs, JSON.stringify(messages.map(({ seq }) => seq)))
    statements.hold.run(JSON.stringify(taken.flatMap(one => one.held)))
    statements.exhaust.run(JSON.stringify(taken.flatMap(one => one.unreadable)))
    for (const { lane } of shares) statements.settleLane.run(lane.id, lane.id)
    const firstDue = nextDueAt(at)
    const tried = [...shares, ...unsigned.map(lane => ({ lane }))]
    const nextAt = afterMessageClaim({ isAll, shares: tried, messages, firstDue }, at)
    return { claimed: { messages, secrets: secretsFor(messages, live), nextAt }, last }
  }

  const settleOne = (settlement: MessageSettlement, { at, lanes, urls }: Settling): MessageOutcome => {
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
      urls.apply(message, afterAttemptAt(urls.get(message), { ...plan.attempt, holds: plan.pauses }, at))
    }
    lanes.set(laneId, plan.lane)
    return plan.end
  }

  return {
    claimMessages: createMessageClaiming({
      peek: () => {
        const at = now()
        return read(() => ({ at, nextAt: nextDueAt(at) }))
      },
      claim: (request, from) => write(() => claimAll(request, from)),
    }),

    settleMessages: async settlements => {
      const { outcomes, changedUrls } = await write(() => {
        const [at, lanes] = [now(), beginLanes()]
        const settling = { at, lanes, urls: urls.begin(at) }
        const outcomes = settlements.map(settlement => settleOne(settlement, settling))
        lanes.save()
        settling.urls.save()
        return { outcomes, changedUrls: settling.urls.changedUrls }
      })
      tellHints(hints, afterCallbackChanges(changedUrls))
      return outcomes
    },
  } satisfies Partial<Store>
}

const dueRowOf = ([seq, , , , , , retries, , , dueAt]: DueMessage) => ({ seq, retries, dueAt })
const dueOfLane = ([seq, claims, registrationId, callbackUrl, body, ...rest]: DueMessage): DueOfLane => {
  const [attempts, retries, traceparent, createdAt, dueAt] = rest
  return { seq, claims, registrationId, callbackUrl, body, attempts, retries, traceparent, createdAt, dueAt }
}
