import { resent } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import { releaseUrls } from '../callbacks/urls.ts'
import type { StoreContext } from '../context.ts'
import { type LockedMessage, lockMessagesOf, saveDeliveries } from '../messages/deliveries.ts'
import { advanceLanes } from '../messages/lanes.ts'
import { cancelFactsOf, resendOutcomeOf, type SelectedRegistration, toRegistration } from '../registration-rows.ts'
import { type CancelPlan, cancelRegistration, NOT_CANCELLED } from '../rules/cancel.ts'
import { type Nudge, nudge as nudgePlan } from '../rules/register.ts'
import type { Cancellation, ChangedCallback, Registration, ResendOutcome } from '../store.ts'
import type { Sql, Tx } from '../tx.ts'
import { lockVerificationsOf, type OwnedRegistration, selectOwned } from './rows.ts'

/** Makes messages due at once, whatever their state, and lets go what is held for their URLs; what has become of those. */
const resendMessages = async (tx: Tx, messages: readonly LockedMessage[]): Promise<readonly ChangedCallback[]> => {
  if (messages.length === 0) return []
  const { changedUrls } = await releaseUrls(tx, messages, 'resend')
  await advanceLanes(
    tx,
    messages.map(({ laneId }) => laneId),
    tx.at,
  )
  await saveDeliveries(
    tx,
    messages.map(message => ({ was: message, becomes: { ...message, ...resent(message, tx.at) } })),
  )
  return changedUrls
}

/**
 * What can be done to registrations, each within the transaction of its caller; the answers are in their order. Null: there is no
 * such registration.
 */
export const createRegistrationActs = (context: Pick<StoreContext, 'sealed' | 'openOr'>) => {
  const findAll = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<(Registration | null)[]> => {
    const rows = await selectOwned(tx, owned)
    return owned.map(({ id, partnerId }) => {
      const row = rows.get(id)
      return row?.partnerId === partnerId ? toRegistration(context, row) : null
    })
  }

  const nudge = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<(Registration | null)[]> => {
    await lockVerificationsOf(tx, owned)
    const rows = await selectOwned(tx, owned)
    const plans = new Map<number, Nudge>()
    for (const { verificationId, status, pollDueAt, pollClaimedAt } of rows.values()) {
      if (status !== 'pending') continue
      plans.set(verificationId, nudgePlan({ dueAt: pollDueAt, claimedAt: pollClaimedAt }, tx.at))
    }
    await tx.update(
      'verifications',
      ['id'],
      [...plans].map(([id, plan]) => ({ id, ...plan })),
    )
    return findAll(tx, owned)
  }

  const cancel = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<(Cancellation | null)[]> => {
    await lockVerificationsOf(tx, owned)
    const locked = await lockMessagesOf(
      tx,
      owned.map(({ id }) => id),
    )
    const messages = new Map(locked.map(message => [message.registrationId, message]))
    const rows = await selectOwned(tx, owned)
    const plans = await planCancelling(tx, [...rows.values()])
    await saveCancelled(
      tx,
      [...plans].map(([id, plan]) => ({ ...(rows.get(id) as SelectedRegistration), plan, message: messages.get(id) })),
    )
    const registrations = await findAll(tx, owned)
    return registrations.map(registration => {
      const plan = registration && plans.get(registration.id)
      // Named twice, it is new once.
      if (plan) plans.delete(registration.id)
      return registration && { registration, isNew: plan !== undefined, stopsMessage: plan?.stopsMessage ?? false }
    })
  }

  const resend = async (
    tx: Tx,
    owned: readonly OwnedRegistration[],
  ): Promise<{ outcomes: (ResendOutcome | null)[]; changedUrls: readonly ChangedCallback[] }> => {
    const messages = await lockMessagesOf(
      tx,
      owned.map(({ id }) => id),
    )
    // Read after the lock: whoever cancels one has its message locked.
    const rows = await selectOwned(tx, owned)
    const outcomes = owned.map(({ id, partnerId }) => {
      const row = rows.get(id)
      return row?.partnerId === partnerId ? resendOutcomeOf(row) : null
    })
    const resent = new Set(owned.flatMap(({ id }, i) => (outcomes[i] === 'resent' ? [id] : [])))
    const changedUrls = await resendMessages(
      tx,
      messages.filter(({ registrationId }) => resent.has(registrationId)),
    )
    return { outcomes, changedUrls }
  }

  return { findAll, nudge, cancel, resend }
}

/** What is known of a verification while several of its registrations are cancelled. */
interface Cancelling {
  claims: number
  /** How many of its registrations have each status. */
  counts: Map<RegistrationStatus, number>
}

const COUNT_STATUSES: Sql = d => `
  SELECT verification_id AS id, status, count(*) AS n FROM registrations WHERE verification_id IN ${d.list('ids', 'int8')}
  GROUP BY verification_id, status`

/** What changes of each; of several of one serial, each sees what the ones before it have changed. */
const planCancelling = async (tx: Tx, rows: readonly SelectedRegistration[]): Promise<Map<string, CancelPlan>> => {
  const ids = rows.map(({ verificationId }) => verificationId)
  const counted = await tx.all<{ id: number; status: RegistrationStatus; n: number }>(COUNT_STATUSES, { ids })
  const verifications = new Map<number, Cancelling>(
    rows.map(({ verificationId, pollClaims: claims }) => [verificationId, { claims, counts: new Map() }]),
  )
  for (const { id, status, n } of counted) verifications.get(id)?.counts.set(status, n)

  const plans = new Map<string, CancelPlan>()
  for (const row of rows) {
    const { id, status } = row
    const verification = verifications.get(row.verificationId) as Cancelling
    const { claims, counts } = verification
    const countOthers = (of: RegistrationStatus) => (counts.get(of) ?? 0) - (of === status ? 1 : 0)
    const hasOther = (among: readonly RegistrationStatus[]): boolean => among.some(of => countOthers(of) > 0)
    const others = { pending: hasOther(['pending']), notCancelled: hasOther(NOT_CANCELLED) }
    const plan = cancelRegistration(cancelFactsOf({ ...row, pollClaims: claims }, others), tx.at)
    if (!plan) continue
    plans.set(id, plan)
    counts.set(status, countOthers(status))
    verification.claims = plan.verification.stops?.claims ?? verification.claims
  }
  return plans
}

type Cancelled = Pick<SelectedRegistration, 'verificationId' | 'n'> & {
  plan: CancelPlan
  /** Its message, locked. */
  message: LockedMessage | undefined
}

const saveCancelled = async (tx: Tx, cancelled: readonly Cancelled[]): Promise<void> => {
  await tx.update(
    'registrations',
    ['verificationId', 'n'],
    cancelled.map(({ verificationId, n, plan }) => ({
      ...CANCELLED,
      ...{ verificationId, n, resolvedAt: plan.registration.resolvedAt },
    })),
  )
  await eraseMessages(tx, cancelled)
  // Of several of one serial the last one counts.
  const stopped = new Map<number, number>()
  for (const { verificationId, plan } of cancelled)
    if (plan.verification.stops) stopped.set(verificationId, plan.verification.stops.claims)
  await tx.update(
    'verifications',
    ['id'],
    [...stopped].map(([id, claims]) => ({ id, claims, dueAt: null, claimedAt: null })),
  )
  const erased = cancelled.filter(({ plan }) => plan.verification.isErased)
  await tx.update(
    'verifications',
    ['id'],
    erased.map(({ verificationId: id }) => ({ id, ...ERASED })),
  )
}

const CANCELLED = { status: 'cancelled' as const, metadata: Buffer.from('{}') }
const ERASED = { verdict: null, rawStatus: null, observedAt: null, previousPollAt: null }
const ERASE_EXCERPTS: Sql = d =>
  `UPDATE attempts SET response_excerpt = NULL WHERE message_seq IN ${d.list('seqs', 'int8')}`

/** What they say, and what receivers answered. */
const eraseMessages = async (tx: Tx, cancelled: readonly Cancelled[]): Promise<void> => {
  const changes = cancelled.flatMap(({ message: was, plan }) =>
    was && plan.message ? [{ was, becomes: { ...was, ...plan.message, dueAt: null, claimedAt: null } }] : [],
  )
  if (changes.length === 0) return
  await saveDeliveries(tx, changes)
  const seqs = changes.map(({ was }) => was.seq)
  await tx.update(
    'messageBodies',
    ['seq'],
    seqs.map(seq => ({ seq, body: Buffer.alloc(0) })),
  )
  await tx.all(ERASE_EXCERPTS, { seqs })
}
