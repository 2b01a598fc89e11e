import { afterAttemptAt } from '../callbacks/callback.ts'
import { type LockedUrls, lockUrls } from '../callbacks/urls.ts'
import type { StoreContext } from '../context.ts'
import { afterCallbackChanges } from '../hints.ts'
import { KEPT_ATTEMPTS, leavesLanes, type MessagePlan, mayBeRecorded, settleMessage } from '../rules/settle-message.ts'
import type { MessageSettlement, Store } from '../store.ts'
import type { Sql, Tx } from '../tx.ts'
import { type LockedMessage, lockMessages, saveDeliveries } from './deliveries.ts'
import { isSameLane, type Lane, lockUnsteadyLanes } from './lanes.ts'

/** An attempt, by its message and the claim that made it. */
interface AttemptKey {
  seq: number
  claim: number
}

/** Those that are written already. */
export const FIND_ATTEMPTS: Sql = d => `
  SELECT a.message_seq AS seq, a.n AS claim FROM ${d.rows('keys', { seq: 'int8', claim: 'int8' })}
    JOIN attempts a ON a.message_seq = keys.seq AND a.n = keys.claim`

/** The oldest beyond those that are kept. With a limit, so that PostgreSQL expects few. */
export const TRIM_ATTEMPTS: Sql = d => `
  DELETE FROM attempts WHERE (message_seq, n) IN (
    SELECT a.message_seq, a.n FROM ${d.rows('trims', { seq: 'int8' })} JOIN attempts a ON a.message_seq = trims.seq AND a.n <= (
      SELECT k.n FROM attempts k WHERE k.message_seq = trims.seq ORDER BY k.n DESC LIMIT 1 OFFSET ${KEPT_ATTEMPTS})
    LIMIT 1000)`

export const createMessageSettling =
  ({ write, tell }: Pick<StoreContext, 'write' | 'tell'>): Store['settleMessages'] =>
  async settlements => {
    const { outcomes, changedUrls } = await write(tx => settleAll(tx, settlements))
    tell(afterCallbackChanges(changedUrls))
    return outcomes
  }

/** Each message, lane and URL is read once, changed in memory, and written once. */
const settleAll = async (tx: Tx, settlements: readonly MessageSettlement[]) => {
  const messages = await lockMessages(
    tx,
    settlements.map(({ message }) => message.seq),
  )
  const known = new Map(messages.map(message => [message.seq, message]))
  const recorded = await findRecorded(tx, settlements, known)
  const attempted = settlements.flatMap(({ message, attempt }) => (attempt ? [message] : []))
  const urls = await lockUrls(tx, attempted)
  const laneIds = new Set(settlements.map(({ message }) => message.laneId))
  const lanes = await lockUnsteadyLanes(tx, [...laneIds], leavesLanes(settlements))
  const facts = { at: tx.at, messages: known, recorded, urls, lanes: new Map(lanes.map(lane => [lane.id, lane])) }
  const plans = settlements.map(settlement => settleOne(settlement, facts))

  await saveDeliveries(
    tx,
    messages.map(was => ({ was, becomes: known.get(was.seq) ?? was })).filter(({ was, becomes }) => was !== becomes),
  )
  await saveAttempts(tx, plans)
  await tx.update(
    'lanes',
    ['id'],
    lanes
      .map(was => ({ was, becomes: facts.lanes.get(was.id) ?? was }))
      .flatMap(({ was, becomes }) => (isSameLane(was, becomes) ? [] : becomes)),
  )
  await urls.save(tx)
  return { outcomes: plans.map(plan => plan?.end ?? null), changedUrls: urls.changedUrls }
}

interface Facts {
  at: number
  messages: Map<number, LockedMessage>
  /** The attempts that are written, by `attemptKey`. */
  recorded: Set<string>
  urls: LockedUrls
  lanes: Map<number, Lane>
}

const attemptKey = ({ seq, claim }: AttemptKey): string => `${seq} ${claim}`

const findRecorded = async (
  tx: Tx,
  settlements: readonly MessageSettlement[],
  messages: Facts['messages'],
): Promise<Set<string>> => {
  const doubted = settlements.flatMap(({ message: { seq, claim } }) => {
    const message = messages.get(seq)
    return message && mayBeRecorded(message, claim) ? [{ seq, claim }] : []
  })
  const found = doubted.length === 0 ? [] : await tx.all<AttemptKey>(FIND_ATTEMPTS, { keys: doubted })
  return new Set(found.map(attemptKey))
}

/** The facts become as the next settlement finds them. */
const settleOne = (
  settlement: MessageSettlement,
  { at, messages, recorded, urls, lanes }: Facts,
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
    urls.apply(message, afterAttemptAt(urls.get(message), { ...plan.attempt, holds: plan.pauses }, at))
  }
  return plan
}

const saveAttempts = async (tx: Tx, plans: readonly (MessagePlan | null)[]): Promise<void> => {
  const attempts = plans.flatMap(plan => (plan?.attempt ? [{ ...plan.attempt, messageSeq: plan.update.seq }] : []))
  await tx.insert('attempts', attempts)
  const trims = plans.flatMap(plan => (plan?.attempt && plan.update.attempts > KEPT_ATTEMPTS ? [plan.update] : []))
  if (trims.length > 0) await tx.all(TRIM_ATTEMPTS, { trims: trims.map(({ seq }) => ({ seq })) })
}
