import { ENDED_WITHOUT_VERDICT } from '../../../../src/core/registration.ts'
import { serialKey } from '../../../../src/core/serial-key.ts'
import { tellHints } from '../../../../src/store/hints.ts'
import { isResendable, takeForResend } from '../../../../src/store/rules/bulk-resend.ts'
import { afterCancelling, afterRegistering, afterTurning } from '../../../../src/store/rules/hints.ts'
import { hostOf, NEW_LANE } from '../../../../src/store/rules/lane.ts'
import type { NewRegistration, Registered, Store, TurnedCallback } from '../../../../src/store/store.ts'
import { advanceLane, type Context, end, liftPause, ownedRow, registrationsOf, viewOf } from './context.ts'
import { quotasOf } from './reads.ts'
import type { LaneRow, MessageRow, VerificationRow } from './tables.ts'

const isLive = ({ status }: { status: string }): boolean =>
  !(ENDED_WITHOUT_VERDICT as readonly string[]).includes(status)

type Verbs = Pick<Store, 'register' | 'cancel' | 'nudge' | 'resend' | 'startResend' | 'findResend' | 'continueResends'>

export const createRegistrations = (context: Context): Verbs => {
  const { tables, rules, now, hints } = context
  const { transaction } = tables

  const addVerification = (item: NewRegistration, at: number): VerificationRow => {
    const { partnerId, accountId, idcardid, isBatch } = item
    const id = tables.next('verifications')
    const counts = { claims: 0, polls: 0, failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0, seen: false }
    const answer = { lastPolledAt: null, lastOpenAt: null, lastAnswer: null, lastCode: null, rawStatus: null }
    const known = { verdict: null, observedAt: null, previousPollAt: null }
    const times = { createdAt: at, nudgedAt: at, dueAt: at, claimedAt: null }
    const queue = rules.queueOfNew(isBatch)
    const row = { id, accountId, partnerId, idcardid, queue, ...times, ...counts, ...answer, ...known }
    tables.verifications.add(id, row)
    return row
  }

  const addLane = (partnerId: string, host: string): LaneRow => {
    const lane = { id: tables.next('lanes'), partnerId, host, ...NEW_LANE }
    tables.lanes.add(lane.id, lane)
    return lane
  }

  const registerOne = (item: NewRegistration, at: number): Registered => {
    const { id, partnerId, callbackUrl, metadata, traceparent } = item
    const [known] = tables.verifications.where(
      row => row.idcardid === item.idcardid && row.accountId === item.accountId,
    )
    const live = registrationsOf(context, known?.id ?? 0).find(
      row => row.partnerId === partnerId && row.callbackUrl === callbackUrl && isLive(row),
    )
    const host = hostOf(callbackUrl)
    const [lane] = tables.lanes.where(one => one.partnerId === partnerId && one.host === host)
    const quotas = quotasOf(context, partnerId, at)
    const sameKey = tables.verifications.where(
      row => serialKey(row.idcardid) === serialKey(item.idcardid) && row.accountId === item.accountId,
    )
    const ofSerial = registrationsOf(context, known?.id ?? 0)
    const registrations = { live: ofSerial.filter(isLive).length, made: (ofSerial.at(-1)?.n ?? -1) + 1 }
    const facts = {
      verification: known ?? null,
      sameKey,
      registrations,
      hasLive: live !== undefined,
      laneId: lane?.id ?? null,
      quotas,
    }
    const plan = rules.register(item, facts, at)
    if (plan.outcome === 'existing' && live) return { outcome: 'existing', registration: viewOf(context, live) }
    if (plan.outcome === 'existing') throw new Error('there is none')
    if (plan.outcome !== 'created') return plan

    const verification = known ?? addVerification(item, at)
    const n = (registrationsOf(context, verification.id).at(-1)?.n ?? -1) + 1
    const laneId = (lane ?? addLane(partnerId, host)).id
    const times = { createdAt: at, expiresAt: plan.expiresAt, resolvedAt: null }
    const key = { id, verificationId: verification.id, n, laneId, messageSeq: null, traceparent }
    const row = { ...key, partnerId, callbackUrl, metadata, status: 'pending' as const, reason: null, ...times }
    tables.registrations.add(id, row)
    if (known && plan.ask) tables.verifications.change(known.id, plan.ask)
    if (plan.ending) end(context, { ...plan.ending, registration: row }, at)
    return { outcome: 'created', registration: viewOf(context, tables.registrations.get(id) ?? row) }
  }

  const cancelOne = (partnerId: string, id: string) => {
    const row = ownedRow(context, partnerId, id)
    const verification = row && tables.verifications.get(row.verificationId)
    if (!row || !verification) return null
    const message = row.messageSeq === null ? undefined : tables.messages.get(row.messageSeq)
    const others = registrationsOf(context, verification.id).filter(one => one.id !== id)
    const facts = {
      status: row.status,
      resolvedAt: row.resolvedAt,
      message: message ?? null,
      verification: { claims: verification.claims, isResolved: verification.verdict !== null },
      others: {
        pending: others.some(({ status }) => status === 'pending'),
        notCancelled: others.some(({ status }) => status !== 'cancelled'),
      },
    }
    const plan = rules.cancelRegistration(facts, now())
    if (!plan) return { registration: viewOf(context, row), isNew: false, stopsMessage: false }
    tables.registrations.change(id, { status: 'cancelled', metadata: {}, resolvedAt: plan.registration.resolvedAt })
    if (plan.message && message) {
      tables.messages.change(message.seq, { ...plan.message, dueAt: null, claimedAt: null, body: '' })
      for (const { n } of tables.attempts.where(one => one.messageSeq === message.seq))
        tables.attempts.change(`${message.seq} ${n}`, { responseExcerpt: null })
    }
    const { stops, isErased } = plan.verification
    if (stops) tables.verifications.change(verification.id, { dueAt: null, claimedAt: null, claims: stops.claims })
    if (isErased)
      tables.verifications.change(verification.id, {
        verdict: null,
        rawStatus: null,
        observedAt: null,
        previousPollAt: null,
      })
    const registration = viewOf(context, tables.registrations.get(id) ?? row)
    return { registration, isNew: true, stopsMessage: plan.stopsMessage }
  }

  const resendMessage = (message: MessageRow, at: number): TurnedCallback[] => {
    const turns = rules.resendLifts() ? (liftPause(context, message, 'resend', at) ?? []) : []
    const plan = rules.resent(message, at)
    tables.messages.change(message.seq, plan)
    advanceLane(context, message.laneId, plan.dueAt)
    return turns
  }

  const resendOne = (partnerId: string, id: string) => {
    const row = ownedRow(context, partnerId, id)
    if (!row) return { outcome: null, turns: [] }
    if (row.status === 'cancelled') return { outcome: 'cancelled' as const, turns: [] }
    const message = row.messageSeq === null ? undefined : tables.messages.get(row.messageSeq)
    if (!message) return { outcome: 'no_message' as const, turns: [] }
    return { outcome: 'resent' as const, turns: resendMessage(message, now()) }
  }

  /** In the order of the registrations, from after the cursor on. */
  const exhausted = (partnerId: string, cursor: string) =>
    tables.messages
      .where(row => row.partnerId === partnerId && row.state === 'exhausted' && row.registrationId > cursor)
      .sort((a, b) => (a.registrationId < b.registrationId ? -1 : 1))
      .map(row => ({ ...row, isErased: row.body === '' }))

  return {
    register: async items => {
      const { registered, isLifted, turns } = transaction(() => {
        const at = now()
        const registered = items.map(item => registerOne(item, at))
        const named = items.filter((_, i) => registered[i] && 'registration' in registered[i])
        const lifted = named.map(item => liftPause(context, item, 'registration', at)).filter(one => one !== null)
        return { registered, isLifted: lifted.length > 0, turns: lifted.flat() }
      })
      tellHints(hints, [...afterRegistering(registered, isLifted), ...afterTurning(turns)])
      return registered
    },

    cancel: async (partnerId, id) => {
      const cancelled = transaction(() => cancelOne(partnerId, id))
      if (cancelled) tellHints(hints, afterCancelling(partnerId, id))
      return cancelled
    },

    nudge: async (partnerId, id) => {
      const row = ownedRow(context, partnerId, id)
      const verification = row && tables.verifications.get(row.verificationId)
      if (!row || !verification) return null
      if (row.status === 'pending')
        transaction(() => tables.verifications.change(verification.id, rules.nudge(verification, now())))
      tellHints(hints, [['verificationsDue']])
      return viewOf(context, row)
    },

    resend: async (partnerId, id) => {
      const { outcome, turns } = transaction(() => resendOne(partnerId, id))
      if (outcome === 'resent') tellHints(hints, [['messagesDue'], ...afterTurning(turns)])
      return outcome
    },

    startResend: async (partnerId, { id, since, until }) => {
      const count = exhausted(partnerId, '').filter(one => isResendable({ since, until }, one)).length
      const started = { id, since, until, count, resent: 0, done: count === 0 }
      transaction(() => tables.resends.add(id, { ...started, partnerId, cursor: '', looked: 0, createdAt: now() }))
      tellHints(hints, [['resendsDue']])
      return started
    },

    findResend: async (partnerId, id) => {
      const row = tables.resends.get(id)
      if (row?.partnerId !== partnerId) return null
      const { since, until, count, resent, done } = row
      return { id, since, until, count, resent, done }
    },

    continueResends: async limit => {
      while (true) {
        const [row] = tables.resends
          .where(({ done }) => !done)
          .sort((a, b) => a.looked - b.looked || (a.id < b.id ? -1 : 1))
        if (!row) return 0
        const { batch, turns } = transaction(() => {
          const { batch, progress } = takeForResend(row, exhausted(row.partnerId, row.cursor), limit)
          const turns = batch.flatMap(message => resendMessage(message, now()))
          tables.resends.change(row.id, progress)
          return { batch, turns }
        })
        if (batch.length === 0) continue
        tellHints(hints, [['messagesDue'], ...afterTurning(turns)])
        return batch.length
      }
    },
  }
}
