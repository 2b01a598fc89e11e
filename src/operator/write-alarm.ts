import type { Language } from '../core/language.ts'
import {
  afterNote,
  afterTold,
  type OperatorEvent,
  type OperatorNote,
  operatorEventType,
} from '../core/operator-event.ts'
import { claimableFrom } from '../store/operator-events.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Channel } from './channel.ts'
import { noticeItem } from './notice.ts'
import { pauseFor, retryWait } from './pace.ts'

/**
 * Tells that nothing can be written into the database, and when it can again: past the outbox, which is in it, by the same rules. What
 * cannot be told is tried at a later look.
 */
export const createWriteAlarm = (deps: {
  channel: Pick<Channel, 'post'>
  language: Language
  source: string
  now: () => number
  random: () => number
  emit: Emit<'operator_event.ended'>
}) => {
  const { channel, language, source, now, random, emit } = deps
  let event: OperatorEvent | null = null
  let tries = 0
  let leftAloneUntil: number | null = null

  /**
   * @param error why nothing can be written, as the database calls it; null: it can
   * @param since when that was found first; now unless given
   */
  return async (error: string | null, since: number | null = null): Promise<void> => {
    const at = now()
    const details = error === null ? null : ({ code: 'store_failing', since: null, error } as const)
    const note: OperatorNote = { condition: 'store.failing', subject: 'database', at: since ?? at, adds: 0, details }
    const due: OperatorEvent | null = afterNote(event, note, at) ?? event
    event = due
    if (due === null || due.dueAt === null || due.dueAt > at || claimableFrom(leftAloneUntil, at) > at) return
    const id = `op_database_${due.since}_${due.state}_${due.count}`
    const answer = await channel.post({ id, at, language, source, items: [noticeItem(due, language, at)] })
    const outcome = answer.kind === 'told' ? 'sent' : 'failed'
    emit('operator_event.ended', { type: operatorEventType(due), outcome })
    if (answer.kind === 'told') {
      event = { ...due, ...afterTold(due, due, now()) }
      tries = 0
      return
    }
    const askedMs = answer.kind === 'later' ? pauseFor(answer.waitMs ?? 0) : 0
    leftAloneUntil = at + Math.max(askedMs, retryWait(tries++, random()))
  }
}
