import type { StoreContext } from '../context.ts'
import { afterCallbackChanges, afterCancelling } from '../hints.ts'
import type { Store } from '../store.ts'
import { createRegistrationActs } from './acts.ts'
import { createRegistering } from './registering.ts'

export const createRegistrations = (context: StoreContext) => {
  const { write, read, tell } = context
  const acts = createRegistrationActs(context)

  return {
    ...createRegistering(context),

    findRegistration: (partnerId, id) => read(async tx => first(await acts.findAll(tx, [{ partnerId, id }]))),

    cancel: async (partnerId, id) => {
      const cancelled = await write(async tx => first(await acts.cancel(tx, [{ partnerId, id }])))
      if (cancelled) tell(afterCancelling(partnerId, id))
      return cancelled
    },

    nudge: async (partnerId, id) => {
      const nudged = await write(async tx => first(await acts.nudge(tx, [{ partnerId, id }])))
      if (nudged) tell([['verificationsDue']])
      return nudged
    },

    resend: async (partnerId, id) => {
      const { outcomes, changedUrls } = await write(tx => acts.resend(tx, [{ partnerId, id }]))
      const outcome = first(outcomes)
      if (outcome === 'resent') tell([['messagesDue'], ...afterCallbackChanges(changedUrls)])
      return outcome
    },
  } satisfies Partial<Store>
}

const first = <Answer>(answers: readonly (Answer | null)[]): Answer | null => answers[0] ?? null
