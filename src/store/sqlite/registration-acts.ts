import type { TurnedCallback } from '../callbacks.ts'
import { cancelFactsOf, resendOutcomeOf, toRegistration } from '../registration-rows.ts'
import { cancelRegistration, NOT_CANCELLED } from '../rules/cancel.ts'
import { nudge as nudgePlan } from '../rules/register.ts'
import type { Cancellation, Registration, RegistrationStatus, ResendOutcome } from '../store.ts'
import { createUrls } from './callbacks.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'
import { createMessageResending } from './message-resending.ts'
import { prepareRegistrations } from './registration-statements.ts'

/** What can be done to one registration, each within the transaction of its caller. Null: there is no such registration. */
export const createRegistrationActs = (context: Context) => {
  const { client, now } = context
  const statements = prepareRegistrations(context)
  const urlsOf = createUrls(context)
  const resendMessage = createMessageResending(context)
  const beginLanes = createLanes(client)

  const find = (partnerId: string, id: string): Registration | null => {
    const row = statements.find.get({ partnerId, id })
    return row ? toRegistration(context, row) : null
  }

  const nudge = (partnerId: string, id: string): Registration | null => {
    const row = statements.find.get({ partnerId, id })
    if (row?.status === 'pending') {
      const { nudgedAt, queue, dueAt } = nudgePlan({ dueAt: row.pollDueAt, claimedAt: row.pollClaimedAt }, now())
      statements.nudge.run(nudgedAt, queue, dueAt, row.verificationId)
    }
    return find(partnerId, id)
  }

  const cancel = (partnerId: string, id: string): Cancellation | null => {
    const row = statements.find.get({ partnerId, id })
    if (!row) return null
    const { verificationId, n, messageSeq } = row
    const hasOther = (among: readonly RegistrationStatus[]): boolean =>
      statements.hasOther.get({ verificationId, n, among: JSON.stringify(among) }) !== undefined
    const others = { pending: hasOther(['pending']), notCancelled: hasOther(NOT_CANCELLED) }
    const plan = cancelRegistration(cancelFactsOf(row, others), now())
    if (plan) {
      statements.cancel.run(plan.registration.resolvedAt, verificationId, n)
      if (plan.message) {
        statements.stopMessage.run(plan.message.state, plan.message.claims, messageSeq)
        statements.eraseExcerpts.run(messageSeq)
      }
      if (plan.verification.stops) statements.stopVerification.run(plan.verification.stops.claims, verificationId)
      if (plan.verification.isErased) statements.eraseVerdict.run(verificationId)
    }
    const registration = find(partnerId, id) as Registration
    return { registration, isNew: plan !== null, stopsMessage: plan?.stopsMessage ?? false }
  }

  /** Within one run of a transaction. All that it resends shares the lanes and URLs. */
  const beginResending = () => {
    const at = now()
    const lanes = beginLanes()
    const urls = urlsOf.begin(at)

    const resend = (partnerId: string, id: string): ResendOutcome | null => {
      const row = statements.find.get({ partnerId, id })
      if (!row) return null
      const outcome = resendOutcomeOf(row)
      const { messageSeq: seq, callbackUrl } = row
      if (outcome !== 'resent' || seq === null) return outcome
      const message = statements.findMessage.get(seq) as NonNullable<ReturnType<typeof statements.findMessage.get>>
      resendMessage({ ...message, seq, partnerId, callbackUrl }, { at, lanes, urls })
      return 'resent'
    }

    return {
      resend,
      /** Writes what has changed; what has become of URLs. */
      save: (): readonly TurnedCallback[] => {
        lanes.save()
        urls.save()
        return urls.turns
      },
    }
  }

  return { find, nudge, cancel, beginResending }
}
