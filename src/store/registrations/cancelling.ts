import type { MessageState } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import { type LockedMessage, lockMessagesOf, saveDeliveries } from '../messages/deliveries.ts'
import type { Opening } from '../sealed.ts'
import type { Sql, Tx } from '../tx.ts'
import {
  type Cancellation,
  lockVerificationsOf,
  type OwnedRegistration,
  type RegistrationRow,
  selectOwned,
  toRegistration,
} from './registration.ts'
import { freeSpellings } from './serials.ts'

/** A registration to be cancelled, with its message and verification. `claims` are the verification's. */
export type CancelFacts = Pick<
  RegistrationRow,
  'status' | 'resolvedAt' | 'messageState' | 'messageClaims' | 'verdict' | 'claims'
>

/** Changes to write. Counts of claims go up by one, which voids a poll or attempt in flight. */
export interface CancelPlan {
  resolvedAt: number
  /** Its body and the response excerpts are erased too. Null: no message. */
  message: { state: MessageState; claims: number } | null
  /** Its message was pending. */
  stopsMessage: boolean
  /** Claim count of a verification that nobody waits for any more, so it is not due. Null: it stays as it is. */
  stoppedClaims: number | null
  /** No other registration of the serial is left uncancelled, so the upstream's answer is erased. */
  isErased: boolean
}

/** `cancel` leaves a registration that has ended as it is; `erase` takes one in any state. */
export type CancelHow = 'cancel' | 'erase'

/**
 * Returns the changes of a cancellation, or null if the registration is cancelled already.
 *
 * @param others of the serial: whether one is pending, and whether one is not cancelled
 */
export const cancelRegistration = (
  { status, resolvedAt, messageState, messageClaims, verdict, claims }: CancelFacts,
  others: { pending: boolean; notCancelled: boolean },
  at: number,
): CancelPlan | null => {
  if (status === 'cancelled') return null
  const isPending = messageState === 'pending'
  return {
    resolvedAt: resolvedAt ?? at,
    message: messageState && { state: isPending ? 'exhausted' : messageState, claims: (messageClaims ?? 0) + 1 },
    stopsMessage: isPending,
    stoppedClaims: verdict === null && !others.pending ? claims + 1 : null,
    isErased: !others.notCancelled,
  }
}

/** Cancels registrations. Returns a result for each, in their order; null: not found. One left as it is keeps its status. */
export const cancelAll = async (
  tx: Tx,
  owned: readonly OwnedRegistration[],
  { opening, how }: { opening: Opening; how: CancelHow },
): Promise<(Cancellation | null)[]> => {
  await lockVerificationsOf(tx, owned)
  const locked = await lockMessagesOf(
    tx,
    owned.map(({ id }) => id),
  )
  const messages = new Map(locked.map(message => [message.registrationId, message]))
  const rows = await selectOwned(tx, owned)
  const meant = [...rows.values()].filter(({ status }) => how === 'erase' || status === 'pending')
  const plans = await planAll(tx, meant)
  await save(
    tx,
    plans.map(one => ({ ...one, message: messages.get(one.row.id) })),
  )
  for (const { row, plan } of plans) rows.set(row.id, afterPlan(row, plan))
  const changed = new Map(plans.map(({ row, plan }) => [row.id, plan]))
  return owned.map(({ id }) => {
    const row = rows.get(id)
    const plan = changed.get(id)
    // A registration that is named twice is new only once.
    changed.delete(id)
    const change = { isNew: plan !== undefined, stopsMessage: plan?.stopsMessage ?? false }
    return row ? { registration: toRegistration(opening, row), ...change } : null
  })
}

const endedBy = ({ resolvedAt }: CancelPlan) => ({ status: 'cancelled' as const, resolvedAt, ...ERASED.registrations })
const afterPlan = (row: RegistrationRow, plan: CancelPlan): RegistrationRow => {
  const messageState = plan.message?.state ?? null
  return { ...row, ...endedBy(plan), messageState, sendDueAt: null, sendClaimedAt: null }
}

interface Planned {
  row: RegistrationRow
  plan: CancelPlan
}

const COUNT_STATUSES: Sql = d => `
  SELECT verification_id AS "verificationId", status, count(*) AS n FROM registrations
  WHERE verification_id IN ${d.list('ids', 'int8')} GROUP BY verification_id, status`

/** Plans each cancellation. Each sees the changes of earlier ones on the same serial. */
const planAll = async (tx: Tx, rows: readonly RegistrationRow[]): Promise<Planned[]> => {
  const counted = await tx.all<{ verificationId: number; status: RegistrationStatus; n: number }>(COUNT_STATUSES, {
    ids: rows.map(({ verificationId }) => verificationId),
  })
  const counts = new Map(counted.map(({ verificationId, status, n }) => [`${verificationId} ${status}`, n]))
  const claimsOf = new Map(rows.map(({ verificationId, claims }) => [verificationId, claims]))
  return rows.flatMap(row => {
    const { verificationId, status } = row
    const countOthers = (of: RegistrationStatus) =>
      (counts.get(`${verificationId} ${of}`) ?? 0) - (of === status ? 1 : 0)
    const others = {
      pending: countOthers('pending') > 0,
      notCancelled: REGISTRATION_STATUSES.some(of => of !== 'cancelled' && countOthers(of) > 0),
    }
    const claims = claimsOf.get(verificationId) ?? row.claims
    const plan = cancelRegistration({ ...row, claims }, others, tx.at)
    if (!plan) return []
    counts.set(`${verificationId} ${status}`, countOthers(status))
    claimsOf.set(verificationId, plan.stoppedClaims ?? claims)
    return [{ row, plan }]
  })
}

/** Erased columns of each table, with their values afterwards. All other columns are kept. */
export const ERASED = {
  registrations: { metadata: Buffer.from('{}') },
  verifications: { verdict: null, rawStatus: null, observedAt: null, previousPollAt: null },
}

const save = async (
  tx: Tx,
  cancelled: readonly (Planned & { message: LockedMessage | undefined })[],
): Promise<void> => {
  const ended = cancelled.map(({ row: { verificationId, n }, plan }) => ({ verificationId, n, ...endedBy(plan) }))
  await tx.update('registrations', ['verificationId', 'n'], ended)
  await eraseMessages(tx, cancelled)
  // Where several are of one serial, the last count is written.
  const stopped = new Map(
    cancelled.flatMap(({ row: { verificationId: id }, plan: { stoppedClaims: claims } }) =>
      claims === null ? [] : [[id, { id, claims, dueAt: null, claimedAt: null }]],
    ),
  )
  await tx.update('verifications', ['id'], [...stopped.values()])
  await freeSpellings(tx, [...stopped.keys()])
  const ofErased = cancelled.filter(({ plan }) => plan.isErased).map(({ row }) => row.verificationId)
  const erased = ofErased.map(id => ({ id, ...ERASED.verifications }))
  await tx.update('verifications', ['id'], erased)
}

const ERASE_EXCERPTS: Sql = d =>
  `UPDATE attempts SET response_excerpt = NULL WHERE message_seq IN ${d.list('seqs', 'int8')}`

/** Erases message bodies and response excerpts. */
const eraseMessages = async (
  tx: Tx,
  cancelled: readonly { plan: CancelPlan; message: LockedMessage | undefined }[],
): Promise<void> => {
  const changes = cancelled.flatMap(({ message: was, plan }) =>
    was && plan.message ? [{ was, becomes: { ...was, ...plan.message, dueAt: null, claimedAt: null } }] : [],
  )
  if (changes.length === 0) return
  await saveDeliveries(tx, changes)
  const seqs = changes.map(({ was }) => was.seq)
  const erased = seqs.map(seq => ({ seq, body: Buffer.alloc(0) }))
  await tx.update('messageBodies', ['seq'], erased)
  await tx.all(ERASE_EXCERPTS, { seqs })
}
