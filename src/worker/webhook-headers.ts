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

/** Signing keys by secret: making one costs more than a signature. */
export const createKeyring = () => {
  const keys = new WeakMap<Secret, SigningKey>()
  return (secret: Secret): SigningKey => {
    const known = keys.get(secret)
    if (known) return known
    const key = createSigningKey(secret.reveal())
    if (!key) throw new Error('a stored signing secret cannot be read')
    keys.set(secret, key)
    return key
  }
}
