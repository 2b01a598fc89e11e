import { afterAttemptAt } from '../rules/callback.ts'
import { afterTurning } from '../rules/hints.ts'
import { leavesLanes, mayBeRecorded, settleMessage } from '../rules/settle-message.ts'
import type { MessageOutcome, MessageSettlement, Store } from '../store.ts'
import { lockUrls, type UrlChanges } from './callbacks.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { type DeliveryChange, type LockedMessage, lockMessages, saveDeliveries } from './deliveries.ts'
import { createLanes, type LaneBook } from './lanes.ts'
import { type AttemptKey, addAttempts, findAttempts, type NewAttempt, trimAttempts } from './message-statements.ts'

/** What one run of a settling works with. */
interface Settling {
  at: number
  messages: MessageBook
  lanes: LaneBook
  urls: UrlChanges
}

/** The messages of a run: each is locked and read once, changed in memory, and written once. */
interface MessageBook {
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
    const { outcomes, turns } = await write(async tx => {
      const settling = await load(tx, settlements)
      const outcomes = settlements.map(settlement => settleOne(settlement, settling))
      const { messages, lanes, urls } = settling
      await saveMessages(tx, messages)
      await lanes.save(tx)
      await urls.save(tx)
      return { outcomes, turns: urls.turns }
    })
    tell(afterTurning(turns))
    return outcomes
  }
}

const attemptKey = ({ seq, claim }: AttemptKey): string => `${seq} ${claim}`

const loadMessages = async (tx: Tx, settlements: readonly MessageSettlement[]): Promise<MessageBook> => {
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

const saveMessages = async (tx: Tx, { changed, attempts, trims }: MessageBook): Promise<void> => {
  await saveDeliveries(tx, [...changed.values()])
  await addAttempts(tx, attempts)
  await trimAttempts(tx, [...trims])
}
