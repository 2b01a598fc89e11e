import { resent } from '../../core/message.ts'
import { releaseUrls } from '../callbacks/urls.ts'
import type { StoreContext } from '../context.ts'
import { afterCallbackChanges, afterCancelling } from '../hints.ts'
import { lockMessagesOf, saveDeliveries } from '../messages/deliveries.ts'
import { advanceLanes } from '../messages/lanes.ts'
import type { ChangedCallback, Store } from '../store.ts'
import type { Tx } from '../tx.ts'
import { cancelAll } from './cancelling.ts'
import { nudge } from './register.ts'
import {
  findOwned,
  lockVerificationsOf,
  type OwnedRegistration,
  type RegistrationRow,
  selectOwned,
} from './registration.ts'

/** `no_message`: it has not ended yet. */
export type ResendOutcome = 'resent' | 'no_message' | 'cancelled'

/**
 * What must not be sent any more as it was claimed: a cancelled registration, or everything (null) of a partner that is disabled or has
 * ended a signing secret. What is due all the same is claimed anew.
 */
export interface Cancelled {
  partnerId: string
  registrationId: string | null
}

/** What its partner does to a registration. */
export const createRegistrationActs = (context: StoreContext): Pick<Store, 'cancel' | 'nudge' | 'resend'> => {
  const { write, tell } = context

  return {
    cancel: async (partnerId, id) => {
      const [cancelled = null] = await write(tx => cancelAll(tx, [{ partnerId, id }], context))
      if (cancelled) tell(afterCancelling(partnerId, id))
      return cancelled
    },

    nudge: async (partnerId, id) => {
      const owned = [{ partnerId, id }]
      const [nudged = null] = await write(async tx => {
        await nudgeAll(tx, owned)
        return findOwned(tx, owned, context)
      })
      if (nudged) tell([['verificationsDue']])
      return nudged
    },

    resend: async (partnerId, id) => {
      const { outcomes, changedUrls } = await write(tx => resendAll(tx, [{ partnerId, id }]))
      const [outcome = null] = outcomes
      if (outcome === 'resent') tell([['messagesDue'], ...afterCallbackChanges(changedUrls)])
      return outcome
    },
  }
}

/** Makes the verifications due of those that are pending. */
export const nudgeAll = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<void> => {
  await lockVerificationsOf(tx, owned)
  const rows = [...(await selectOwned(tx, owned)).values()]
  const pending = new Map(
    rows.filter(({ status }) => status === 'pending').map(row => [row.verificationId, nudge(row, tx.at)]),
  )
  await tx.update(
    'verifications',
    ['id'],
    [...pending].map(([id, nudged]) => ({ id, ...nudged })),
  )
}

const resendOutcomeOf = ({ status, messageSeq }: RegistrationRow): ResendOutcome => {
  if (status === 'cancelled') return 'cancelled'
  return messageSeq === null ? 'no_message' : 'resent'
}

/**
 * Makes their messages due at once, whatever their state, and lets go what is held for their URLs; what has become of those. The outcomes
 * are in the order of the registrations. Null: there is no such registration.
 */
export const resendAll = async (
  tx: Tx,
  owned: readonly OwnedRegistration[],
): Promise<{ outcomes: (ResendOutcome | null)[]; changedUrls: readonly ChangedCallback[] }> => {
  const locked = await lockMessagesOf(
    tx,
    owned.map(({ id }) => id),
  )
  // Read after the lock: whoever cancels one has its message locked.
  const rows = await selectOwned(tx, owned)
  const outcomes = owned.map(({ id, partnerId }) => {
    const row = rows.get(id)
    return row?.partnerId === partnerId ? resendOutcomeOf(row) : null
  })
  const ids = new Set(owned.filter((_, i) => outcomes[i] === 'resent').map(({ id }) => id))
  const messages = locked.filter(({ registrationId }) => ids.has(registrationId))
  if (messages.length === 0) return { outcomes, changedUrls: [] }
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
  return { outcomes, changedUrls }
}
