import type { EventEmitter } from 'node:events'
import type { Callback, TurnedCallback } from '../../../../src/store/callbacks.ts'
import {
  afterSuccess,
  type CallbackHealth,
  type CallbackPlan,
  type HoldEnd,
} from '../../../../src/store/rules/callback-health.ts'
import { earlier, NEW_LANE } from '../../../../src/store/rules/lane.ts'
import type { RegistrationRow as ViewedRow } from '../../../../src/store/rules/registration-view.ts'
import { registrationOf } from '../../../../src/store/rules/registration-view.ts'
import type { Ending, WaitingRegistration } from '../../../../src/store/rules/resolve.ts'
import type { Registration, StoreHints } from '../../../../src/store/store.ts'
import type { Rules } from './rules.ts'
import { type MessageRow, type RegistrationRow, type Tables, urlKey } from './tables.ts'

export interface Context {
  tables: Tables
  rules: Rules
  now: () => number
  hints: EventEmitter<StoreHints>
  defaultRate: number
}

export const advanceLane = ({ tables }: Context, id: number, dueAt: number): void => {
  const lane = tables.lanes.get(id)
  if (lane) tables.lanes.change(id, { dueAt: earlier(lane.dueAt, dueAt) })
}

/** Writes what becomes of a URL, and tells it where it is told. */
export const applyHealth = (
  { tables, now }: Context,
  url: Callback,
  { health, turn }: CallbackPlan,
): TurnedCallback[] => {
  const { partnerId, callbackUrl } = url
  const notice = { noticeId: null, noticeDueAt: health?.state === 'disabled' ? now() : null, noticeTries: 0 }
  const before = tables.health.get(urlKey(url)) ?? null
  if (health === null) tables.health.delete(urlKey(url))
  else if (health !== before) tables.health.set(urlKey(url), { ...notice, ...health, partnerId, callbackUrl })
  const told = health ?? before
  return turn && told ? [{ partnerId, callbackUrl, turn, ...pick(told) }] : []
}
const pick = ({ failingSince, lastError }: CallbackHealth) => ({ failingSince, lastError })

/** Ends the pause of a URL: what was held goes on the ramp of its lane. Whether it was paused. */
export const releasePause = ({ tables, rules }: Context, url: Callback, at: number): boolean => {
  const { pauses, messages, lanes } = tables
  if (!pauses.get(urlKey(url))) return false
  pauses.delete(urlKey(url))
  const isHeld = (one: MessageRow) =>
    one.partnerId === url.partnerId &&
    one.callbackUrl === url.callbackUrl &&
    one.state === 'pending' &&
    one.dueAt === null
  for (const { seq, laneId } of messages.where(isHeld).sort((a, b) => a.seq - b.seq)) {
    const { lane, dueAt } = rules.rampedInLane(lanes.get(laneId) ?? NEW_LANE, seq, at)
    messages.change(seq, { dueAt })
    lanes.change(laneId, lane)
  }
  return true
}

/** The same where `end` may end it; null: it may not, or there is none. */
export const liftPause = (context: Context, url: Callback, end: HoldEnd, at: number): TurnedCallback[] | null => {
  const health = context.tables.health.get(urlKey(url)) ?? null
  if (!context.tables.pauses.get(urlKey(url)) || !context.rules.endsHold(end, health)) return null
  const turns = applyHealth(context, url, afterSuccess(health))
  releasePause(context, url, at)
  return turns
}

/** Those of a verification, in the order in which they came. */
export const registrationsOf = ({ tables }: Context, verificationId: number): RegistrationRow[] =>
  tables.registrations.where(row => row.verificationId === verificationId).sort((a, b) => a.n - b.n)

export const waitingOf = (context: Context, verificationId: number): WaitingRegistration[] =>
  registrationsOf(context, verificationId).filter(({ status }) => status === 'pending')

/** Ends a registration and creates its message. */
export const end = (context: Context, ending: Ending, at: number): void => {
  const { tables, rules } = context
  const partner = tables.partners.get(ending.registration.partnerId)
  const { registration, message } = rules.resolve(ending, { at, thin: partner?.payload === 'thin' })
  const seq = tables.next('messages')
  const event = rules.nextEvent(partner?.events ?? 0)
  tables.partners.change(message.partnerId, { events: event })
  const waits = { dueAt: at, claimedAt: null, claims: 0, fence: 0, attempts: 0, unrecorded: 0, retries: 0 }
  tables.messages.add(seq, { ...message, ...waits, seq, event, state: 'pending' })
  const { id, status, reason, resolvedAt } = registration
  tables.registrations.change(id, { status, reason, resolvedAt, messageSeq: seq })
  advanceLane(context, message.laneId, at)
}

export const ownedRow = ({ tables }: Context, partnerId: string, id: string): RegistrationRow | undefined => {
  const row = tables.registrations.get(id)
  return row?.partnerId === partnerId ? row : undefined
}

export const viewOf = ({ tables }: Context, row: RegistrationRow): Registration => {
  const verification = tables.verifications.get(row.verificationId)
  if (!verification) throw new Error(`the verification of ${row.id} is gone`)
  const view: ViewedRow = {
    ...row,
    accountId: verification.accountId,
    idcardid: verification.idcardid,
    polls: verification.polls,
    lastPolledAt: verification.lastPolledAt,
    pollDueAt: verification.dueAt,
    pollClaimedAt: verification.claimedAt,
    message: (row.messageSeq === null ? null : tables.messages.get(row.messageSeq)) ?? null,
  }
  return registrationOf(view, () => verification.verdict)
}
