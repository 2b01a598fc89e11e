import { earlier } from '../../core/clock.ts'
import { afterAttemptAt, type CallbackHealth, callbackKey } from '../callbacks/health.ts'
import { afterCallbackChanges, lockUrls, saveUrls, type UrlChange } from '../callbacks/rows.ts'
import type { VerbModule } from '../context.ts'
import type { Sql, Tx } from '../tx.ts'
import { type LockedMessage, lockMessages, saveDeliveries } from './deliveries.ts'
import { afterAttemptInLane, isSameLane, type Lane, type LaneState, lockUnsteadyLanes } from './lanes.ts'
import type { Attempt, MessageOutcome, MessageSettlement } from './message.ts'

/** A message at the time an attempt of it is recorded. */
export interface MessageFacts extends Omit<LockedMessage, 'partnerId' | 'callbackUrl' | 'laneId' | 'counters'> {
  /** This claim's attempt is already recorded. */
  isRecorded: boolean
}

/** Number of recorded attempts kept per message, the newest. */
export const KEPT_ATTEMPTS = 50

interface MessagePlan {
  update: Pick<MessageFacts, 'seq' | 'state' | 'dueAt' | 'claimedAt' | 'attempts' | 'unrecorded' | 'retries'>
  /** Numbered like its claim, so that it can be recorded only once. */
  attempt: (Attempt & { n: number }) | null
  lane: LaneState
  /** The receiver responded with 410: hold all other messages for this URL. */
  holdsUrl: boolean
  /** Time of the claim; null: it no longer holds. */
  claimedAt: number | null
  /** Null if it goes on, or ended before. */
  end: MessageOutcome
}

/**
 * Returns the changes of a settlement, or null if it changes nothing: the number belongs to another message, the
 * attempt is already recorded, or a release comes after its claim ended. An attempt whose claim no longer holds is
 * recorded too, and its 2xx still delivers, unless the message has been resent since.
 */
export const settleMessage = (
  { message: { claim, registrationId }, step, attempt, hostSignal }: MessageSettlement,
  facts: MessageFacts,
  lane: LaneState,
): MessagePlan | null => {
  if (facts.registrationId !== registrationId || facts.isRecorded) return null
  const { seq, state, dueAt, claimedAt, attempts, unrecorded, retries } = facts
  const isClaimed = facts.claims === claim && claimedAt !== null && state === 'pending'

  if (attempt === null) {
    if (!isClaimed || step.dueAt === null) return null
    const update = { seq, state, dueAt: step.dueAt, claimedAt: null, attempts, unrecorded, retries }
    const next = { ...lane, dueAt: earlier(lane.dueAt, step.dueAt) }
    return { update, attempt: null, lane: next, holdsUrl: false, claimedAt, end: null }
  }

  const delivers = step.state === 'delivered' && state === 'pending' && facts.fence <= claim
  // The resend has counted an attempt then in flight as `unrecorded`.
  const left = claim < facts.fence ? Math.max(0, unrecorded - 1) : unrecorded
  const counted = { seq, state, dueAt, claimedAt, retries, attempts: attempts + 1, unrecorded: left }
  const update = delivers
    ? { ...counted, state: 'delivered' as const, dueAt: null, claimedAt: null }
    : isClaimed
      ? { ...counted, state: step.state, dueAt: step.dueAt, retries: step.retries, claimedAt: null }
      : counted
  const next = afterAttemptInLane(lane, hostSignal)
  return {
    update,
    // A message erased during the attempt stays erased.
    attempt: { ...attempt, n: claim, responseExcerpt: facts.isErased ? null : attempt.responseExcerpt },
    lane: isClaimed && !delivers ? { ...next, dueAt: earlier(next.dueAt, step.dueAt) } : next,
    holdsUrl: step.gone && isClaimed,
    claimedAt: isClaimed ? claimedAt : null,
    end: delivers ? 'delivered' : isClaimed && step.state === 'exhausted' ? (step.gone ? 'gone' : 'exhausted') : null,
  }
}

/**
 * Returns whether the settlements leave a lane unchanged, whichever way they end: no message becomes due again, and the
 * lane's state already reflects their host signals.
 */
const leavesLanes = (settlements: readonly MessageSettlement[]) => {
  const byLane = Map.groupBy(settlements, ({ message }) => message.laneId)
  return (lane: Lane): boolean =>
    (byLane.get(lane.id) ?? []).every(
      ({ step, hostSignal }) => step.dueAt === null && isSameLane(afterAttemptInLane(lane, hostSignal), lane),
    )
}

/** An attempt, by its message and claim. */
interface AttemptKey {
  seq: number
  claim: number
}

/** Attempts that are already recorded. */
export const FIND_ATTEMPTS: Sql = d => `
  SELECT a.message_seq AS seq, a.n AS claim FROM ${d.rows('keys', { seq: 'int8', claim: 'int8' })}
    JOIN attempts a ON a.message_seq = keys.seq AND a.n = keys.claim`

/** Deletes the oldest attempts beyond the kept ones. The limit makes PostgreSQL expect few rows. */
export const TRIM_ATTEMPTS: Sql = d => `
  DELETE FROM attempts WHERE (message_seq, n) IN (
    SELECT a.message_seq, a.n FROM ${d.rows('trims', { seq: 'int8' })} JOIN attempts a ON a.message_seq = trims.seq AND a.n <= (
      SELECT k.n FROM attempts k WHERE k.message_seq = trims.seq ORDER BY k.n DESC LIMIT 1 OFFSET ${KEPT_ATTEMPTS})
    LIMIT 1000)`

export const messageSettlingVerbs = {
  loops: ({ write, emitHints }) => ({
    /**
     * Records attempts, each once. The attempt of a claim that no longer holds is recorded too, and its 2xx still
     * delivers, unless the message has been resent since. Returns one outcome per settlement, in order.
     */
    settleMessages: async (settlements: readonly MessageSettlement[]): Promise<readonly MessageOutcome[]> => {
      const { outcomes, changedUrls } = await write(tx => settleAll(tx, settlements), 'soon')
      emitHints(afterCallbackChanges(changedUrls))
      return outcomes
    },
  }),
} satisfies VerbModule

/** Each message, lane and URL is read once, changed in memory, and written once. */
const settleAll = async (tx: Tx, settlements: readonly MessageSettlement[]) => {
  const messages = await lockMessages(
    tx,
    settlements.map(({ message }) => message.seq),
  )
  const bySeq = new Map(messages.map(message => [message.seq, message]))
  const recorded = await findRecorded(tx, settlements, bySeq)
  const attempted = settlements.flatMap(({ message, attempt }) => (attempt ? [message] : []))
  const urls = await lockUrls(tx, attempted)
  const laneIds = new Set(settlements.map(({ message }) => message.laneId))
  const lanes = await lockUnsteadyLanes(tx, [...laneIds], leavesLanes(settlements))
  const facts = {
    at: tx.at,
    messages: bySeq,
    recorded,
    lanes: new Map(lanes.map(lane => [lane.id, lane])),
    urls: new Map<string, CallbackHealth | null>(urls),
    urlChanges: [],
  }
  const plans = settlements.map(settlement => settleOne(settlement, facts))

  const changed = messages.flatMap(was => {
    const becomes = bySeq.get(was.seq) ?? was
    return becomes === was ? [] : [{ was, becomes }]
  })
  await saveDeliveries(tx, changed)
  await saveAttempts(tx, plans)
  const changedLanes = lanes.flatMap(was => {
    const becomes = facts.lanes.get(was.id) ?? was
    return isSameLane(was, becomes) ? [] : [becomes]
  })
  await tx.update('lanes', ['id'], changedLanes)
  const changedUrls = await saveUrls(tx, urls, facts.urlChanges)
  return { outcomes: plans.map(plan => plan?.end ?? null), changedUrls }
}

interface SettleFacts {
  at: number
  messages: Map<number, LockedMessage>
  /** Recorded attempts, by `attemptKey`. */
  recorded: Set<string>
  urls: Map<string, CallbackHealth | null>
  urlChanges: UrlChange[]
  lanes: Map<number, Lane>
}

const attemptKey = ({ seq, claim }: AttemptKey): string => `${seq} ${claim}`

const findRecorded = async (
  tx: Tx,
  settlements: readonly MessageSettlement[],
  messages: SettleFacts['messages'],
): Promise<Set<string>> => {
  // While a claim holds, its attempt cannot have been recorded.
  const maybeRecorded = settlements.flatMap(({ message: { seq, claim } }) => {
    const message = messages.get(seq)
    return message && (message.claims !== claim || message.claimedAt === null) ? [{ seq, claim }] : []
  })
  const found = maybeRecorded.length === 0 ? [] : await tx.all<AttemptKey>(FIND_ATTEMPTS, { keys: maybeRecorded })
  return new Set(found.map(attemptKey))
}

/** Updates the facts for the next settlement. */
const settleOne = (
  settlement: MessageSettlement,
  { at, messages, recorded, lanes, urls, urlChanges }: SettleFacts,
): MessagePlan | null => {
  const { message } = settlement
  const { seq, laneId } = message
  const found = messages.get(seq)
  const lane = lanes.get(laneId)
  if (!found || !lane) return null
  const plan = settleMessage(settlement, { ...found, isRecorded: recorded.has(attemptKey(message)) }, lane)
  if (!plan) return null
  messages.set(seq, { ...found, ...plan.update })
  lanes.set(laneId, { ...lane, ...plan.lane })
  if (plan.attempt) {
    recorded.add(attemptKey(message))
    const before = urls.get(callbackKey(message)) ?? null
    const after = afterAttemptAt(before, { ...plan, ...plan.attempt }, at)
    urls.set(callbackKey(message), after.health)
    urlChanges.push({ ...message, before, ...after })
  }
  return plan
}

const saveAttempts = async (tx: Tx, plans: readonly (MessagePlan | null)[]): Promise<void> => {
  const attempts = plans.flatMap(plan => (plan?.attempt ? [{ ...plan.attempt, messageSeq: plan.update.seq }] : []))
  await tx.insert('attempts', attempts)
  const trims = plans.flatMap(plan => (plan?.attempt && plan.update.attempts > KEPT_ATTEMPTS ? [plan.update] : []))
  if (trims.length > 0) await tx.all(TRIM_ATTEMPTS, { trims: trims.map(({ seq }) => ({ seq })) })
}
