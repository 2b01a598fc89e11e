import { resent } from '../../core/message.ts'
import type { ChangedCallback } from '../callbacks.ts'
import { cancelFactsOf, resendOutcomeOf, toRegistration } from '../registration-rows.ts'
import { cancelRegistration, NOT_CANCELLED } from '../rules/cancel.ts'
import { nudge as nudgePlan } from '../rules/register.ts'
import type { Cancellation, Registration, RegistrationStatus, ResendOutcome } from '../store.ts'
import { createUrls, type UrlChanges } from './callbacks.ts'
import type { Context } from './context.ts'
import { createLanes, type LaneUnitOfWork } from './lanes.ts'
import { prepareRegistrations } from './registration-statements.ts'

interface FoundMessage {
  seq: number
  claims: number
  claimedAt: number | null
  unrecorded: number
  laneId: number
  partnerId: string
  callbackUrl: string
}

/** Makes a message due at `at`, whatever its state, and lets go what is held for its URL. The caller saves both. */
const createMessageResending = ({ client }: Pick<Context, 'client'>) => {
  const save = client.prepare<[dueAt: number, claims: number, fence: number, unrecorded: number, seq: number]>(`
    UPDATE messages SET state = 'pending', due_at = ?, claimed_at = NULL, retries = 0, claims = ?, fence = ?, unrecorded = ?
    WHERE seq = ?`)

  return (
    message: FoundMessage,
    { at, lanes, urls }: { at: number; lanes: LaneUnitOfWork; urls: UrlChanges },
  ): void => {
    urls.release(message, 'resend')
    const { dueAt, claims, fence, unrecorded } = resent(message, at)
    save.run(dueAt, claims, fence, unrecorded, message.seq)
    lanes.advance(message.laneId, dueAt)
  }
}

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
      save: (): readonly ChangedCallback[] => {
        lanes.save()
        urls.save()
        return urls.changedUrls
      },
    }
  }

  return { find, nudge, cancel, beginResending }
}
