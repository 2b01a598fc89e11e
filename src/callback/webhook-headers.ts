import { SECOND } from '../core/duration.ts'
import type { Secret } from '../core/secret.ts'
import { createSigningKey, type SigningKey, sign } from '../core/signature.ts'

/** The headers of one attempt. Signed anew each time: receivers refuse what is older than a few minutes. */
export const webhookHeaders = (
  { id, body, attempt }: { id: string; body: string | Buffer; attempt: number },
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

/** More live secrets than most have, and no more than fit into a few MB. */
const MOST_KEYS = 10_000

/** Signing keys by secret: making one costs more than a signature. */
export const createKeyring = () => {
  const keys = new Map<string, SigningKey>()
  return (secret: Secret): SigningKey => {
    const text = secret.reveal()
    const known = keys.get(text)
    if (known) return known
    const key = createSigningKey(text)
    if (!key) throw new Error('a stored signing secret cannot be read')
    const [oldest] = keys.size >= MOST_KEYS ? keys.keys() : []
    if (oldest !== undefined) keys.delete(oldest)
    keys.set(text, key)
    return key
  }
}
