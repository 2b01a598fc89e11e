import { lockUrls, type UrlChanges } from '../callbacks/urls.ts'
import { afterAttemptAt } from '../callbacks.ts'
import type { StoreContext } from '../context.ts'
import { afterCallbackChanges } from '../hints.ts'
import { KEPT_ATTEMPTS, leavesLanes, type MessagePlan, mayBeRecorded, settleMessage } from '../rules/settle-message.ts'
import type { MessageOutcome, MessageSettlement, Store } from '../store.ts'
import type { Sql, Tx } from '../tx.ts'
import { type DeliveryChange, type LockedMessage, lockMessages, saveDeliveries } from './deliveries.ts'
import { createLanes, type LaneUnitOfWork } from './lanes.ts'

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
  attempts: (NonNullable<MessagePlan['attempt']> & { messageSeq: number })[]
  /** Those with more attempts than are kept. */
  trims: Set<number>
}

export const createMessageSettling = ({
  write,
  tell,
}: Pick<StoreContext, 'write' | 'tell'>): Store['settleMessages'] => {
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
  const locked = await lockMessages(
    tx,
    settlements.map(({ message }) => message.seq),
  )
  const known = new Map(locked.map(message => [message.seq, message]))
  const doubted = settlements.flatMap(({ message: { seq, claim } }) => {
    const facts = known.get(seq)
    return facts && mayBeRecorded(facts, claim) ? [{ seq, claim }] : []
  })
  const found = doubted.length === 0 ? [] : await tx.all<AttemptKey>(FIND_ATTEMPTS, { keys: doubted })
  const recorded = new Set(found.map(attemptKey))
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
    messages.attempts.push({ ...plan.attempt, messageSeq: seq })
    messages.recorded.add(attemptKey({ seq, claim: plan.attempt.n }))
    if (plan.trims) messages.trims.add(seq)
    urls.apply(message, afterAttemptAt(urls.get(message), { ...plan.attempt, holds: plan.pauses }, at))
  }
  lanes.set(laneId, plan.lane)
  return plan.end
}

const saveMessages = async (tx: Tx, { changed, attempts, trims }: MessageUnitOfWork): Promise<void> => {
  await saveDeliveries(tx, [...changed.values()])
  await tx.insert('attempts', attempts)
  if (trims.size > 0) await tx.all(TRIM_ATTEMPTS, { trims: [...trims].map(seq => ({ seq })) })
}
