import type { Store } from '../store/store.ts'
import { createKeyring, webhookHeaders } from './webhook-headers.ts'

/** Signs stored messages for a partner who fetches them, as they would be signed if they were sent now. */
export const createEventSigner = ({ now, liveSecrets }: Pick<Store, 'now' | 'liveSecrets'>) => {
  const signingKeys = createKeyring()

  return async (partnerId: string, events: readonly { id: string; body: string }[]) => {
    const keys = (await liveSecrets(partnerId)).map(signingKeys)
    return events.map(({ id, body }) => {
      const headers = webhookHeaders({ id, body, attempt: 0 }, keys, now())
      return Object.fromEntries(NAMES.map(name => [name, headers[name]]))
    })
  }
}

const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const
