import { setNewest } from '../core/bounded-map.ts'
import { SECOND } from '../core/duration.ts'
import type { Secret } from '../core/secret.ts'
import { createSigningKey, type SigningKey, sign, signElsewhere } from '../core/signature.ts'
import type { Store } from '../store/store.ts'

/** Returns an attempt's headers. Each attempt is signed anew, since receivers refuse signatures some minutes old. */
export const webhookHeaders = (
  { id, body, attempt }: { id: string; body: string; attempt: number },
  keys: readonly SigningKey[],
  at: number,
) => {
  const timestampSeconds = Math.floor(at / SECOND)
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign(keys, { id, timestampSeconds, body }),
    'webhook-attempt': String(attempt),
  }
}

/** Cache size: more live secrets than most services have; the keys take a few MB. */
const MAX_KEYS = 10_000

/** Caches signing keys by secret: making a key costs more than a signature. */
export const createSigningKeys = () => {
  const keys = new Map<string, SigningKey>()
  return (secret: Secret): SigningKey => {
    const text = secret.reveal()
    const known = keys.get(text)
    if (known) return known
    const key = createSigningKey(text)
    if (!key) throw new Error('a stored signing secret cannot be read')
    setNewest(keys, MAX_KEYS, [text, key])
    return key
  }
}

/** Signs stored messages for a partner that fetches them, as if they were sent now. */
export const createEventSigner = ({ now, liveSecrets }: Pick<Store, 'now' | 'liveSecrets'>) => {
  const signingKeys = createSigningKeys()

  return async (partnerId: string, events: readonly { id: string; body: string }[]) => {
    const keys = (await liveSecrets(partnerId)).map(signingKeys)
    const timestampSeconds = Math.floor(now() / SECOND)
    return Promise.all(
      events.map(async ({ id, body }) => ({
        'webhook-id': id,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': await signElsewhere(keys, { id, timestampSeconds, body }),
      })),
    )
  }
}
