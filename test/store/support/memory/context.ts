import type { EventEmitter } from 'node:events'
import { earlier } from '../../../../src/store/rules/lane.ts'
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
  sandbox: boolean
}

export const advanceLane = ({ tables }: Context, id: number, dueAt: number): void => {
  const lane = tables.lanes.get(id)
  if (lane) tables.lanes.change(id, { dueAt: earlier(lane.dueAt, dueAt) })
}

/** Ends the pause of a URL that answered 410: what was held is due at `at`. Whether it was paused. */
export const liftPause = (context: Context, url: { partnerId: string; callbackUrl: string }, at: number): boolean => {
  const { pauses, messages } = context.tables
  if (!pauses.get(urlKey(url))) return false
  pauses.delete(urlKey(url))
  const isHeld = (one: MessageRow) =>
    one.partnerId === url.partnerId && one.callbackUrl === url.callbackUrl && one.state === 'pending' && !one.dueAt
  for (const { seq, laneId } of messages.where(isHeld)) {
    messages.change(seq, { dueAt: at })
    advanceLane(context, laneId, at)
  }
  return true
}

/** Those of a verification, in the order in which they came. */
export const registrationsOf = ({ tables }: Context, verificationId: number): RegistrationRow[] =>
  tables.registrations.where(row => row.verificationId === verificationId).sort((a, b) => a.n - b.n)

export const waitingOf = (context: Context, verificationId: number): WaitingRegistration[] =>
  registrationsOf(context, verificationId).filter(({ status }) => status === 'pending')

/** Ends a registration and creates its message. */
export const end = (context: Context, ending: Ending, at: number): void => {
  const { tables, rules, sandbox } = context
  const partner = tables.partners.get(ending.registration.partnerId)
  const { registration, message } = rules.resolve(ending, { at, thin: partner?.payload === 'thin', sandbox })
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
    idcardid: verification.idcardid,
    polls: verification.polls,
    lastPolledAt: verification.lastPolledAt,
    pollDueAt: verification.dueAt,
    pollClaimedAt: verification.claimedAt,
    message: (row.messageSeq === null ? null : tables.messages.get(row.messageSeq)) ?? null,
  }
  return registrationOf(view, () => verification.verdict)
}
