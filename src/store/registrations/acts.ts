import { resent } from '../../core/message.ts'
import type { VerbModule } from '../context.ts'
import type { Hint } from '../hints.ts'
import { lockMessagesOf, saveDeliveries } from '../messages/deliveries.ts'
import { advanceLanes } from '../messages/lanes.ts'
import type { Tx } from '../tx.ts'
import { type CancelHow, cancelAll } from './cancelling.ts'
import { nudge } from './registering.ts'
import {
  type Cancellation,
  lockVerificationsOf,
  type OwnedRegistration,
  type Registration,
  type RegistrationRow,
  selectOwned,
  toRegistration,
} from './registration.ts'

/** `no_message`: the registration has not ended. */
export type ResendOutcome = 'resent' | 'no_message' | 'cancelled'

export const afterCancelling = ({ partnerId, id, status }: Cancellation['registration']): Hint[] =>
  status !== 'cancelled'
    ? []
    : [
        ['withdrawn', { partnerId, registrationId: id }],
        ['resolved', [id]],
      ]

/** Acts of a partner on its registrations. */
export const registrationActVerbs = {
  calls: context => ({
    /**
     * Ends it as `cancelled`: no more polls, no more attempts. Erases its metadata and message, and the verdict once all
     * registrations of the serial are cancelled. Repeating it changes nothing. One that has ended before keeps its
     * status and all else, unless it is to be erased.
     */
    cancel: async (partnerId: string, id: string, how: CancelHow = 'cancel'): Promise<Cancellation | null> => {
      const [cancelled = null] = await context.write(tx =>
        cancelAll(tx, [{ partnerId, id }], { opening: context, how }),
      )
      if (cancelled) context.emitHints(afterCancelling(cancelled.registration))
      return cancelled
    },

    /** Makes the verification due now. Changes nothing if the registration has ended. */
    nudge: async (partnerId: string, id: string): Promise<Registration | null> => {
      const nudged = (await context.write(tx => nudgeAll(tx, [{ partnerId, id }]))).get(id)
      if (!nudged) return null
      context.emitHints([['verificationsDue']])
      return toRegistration(context, nudged)
    },

    /** Makes the message due now, in any state, with a new schedule and the same id. */
    resend: async (partnerId: string, id: string): Promise<ResendOutcome | null> => {
      const [outcome = null] = await context.write(tx => resendAll(tx, [{ partnerId, id }]))
      if (outcome === 'resent') context.emitHints([['messagesDue']])
      return outcome
    },
  }),
} satisfies VerbModule

/** Makes the verifications of the pending registrations due. Returns the existing registrations, by id. */
export const nudgeAll = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<Map<string, RegistrationRow>> => {
  await lockVerificationsOf(tx, owned)
  const rows = await selectOwned(tx, owned)
  const pending = [...rows.values()].filter(({ status }) => status === 'pending')
  const nudged = new Map(pending.map(row => [row.verificationId, nudge(row, tx.at)]))
  for (const row of pending) rows.set(row.id, { ...row, ...nudged.get(row.verificationId) })
  const changes = [...nudged].map(([id, change]) => ({ id, ...change }))
  await tx.update('verifications', ['id'], changes)
  return rows
}

const resendOutcomeOf = ({ status, messageSeq }: RegistrationRow): ResendOutcome => {
  if (status === 'cancelled') return 'cancelled'
  return messageSeq === null ? 'no_message' : 'resent'
}

/**
 * Makes the messages due at once, in any state. To a held URL they are sent once, as `HELD_SINCE` says, and the first 2xx
 * ends the hold.
 *
 * Returns the outcomes in the order of the registrations (null: not found).
 */
export const resendAll = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<(ResendOutcome | null)[]> => {
  const locked = await lockMessagesOf(
    tx,
    owned.map(({ id }) => id),
  )
  // Read after the lock: a cancellation locks the message too.
  const rows = await selectOwned(tx, owned)
  const outcomes = owned.map(({ id }) => {
    const row = rows.get(id)
    return row ? resendOutcomeOf(row) : null
  })
  const ids = new Set(owned.filter((_, i) => outcomes[i] === 'resent').map(({ id }) => id))
  const messages = locked.filter(({ registrationId }) => ids.has(registrationId))
  if (messages.length === 0) return outcomes
  const laneIds = messages.map(({ laneId }) => laneId)
  await advanceLanes(tx, laneIds, tx.at)
  const changes = messages.map(was => ({ was, becomes: { ...was, ...resent(was, tx.at) } }))
  await saveDeliveries(tx, changes)
  return outcomes
}
