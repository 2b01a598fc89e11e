import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { createMessageClaims } from './message-claims.ts'
import { createMessageSettling } from './message-settling.ts'

/** The queue of messages, claimed and settled. */
export const createMessages = (context: Context): Pick<Store, 'claimMessages' | 'settleMessages'> => ({
  claimMessages: createMessageClaims(context),
  settleMessages: createMessageSettling(context),
})
