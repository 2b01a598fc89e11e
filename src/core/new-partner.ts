import { createApiKey } from './api-key.ts'
import { Secret } from './secret.ts'

const SIGNING_SECRET_BYTES = 32

interface Chance {
  /** `newId('key')` gives `key_` and a ULID. */
  newId: (prefix: string) => string
  random: (bytes: number) => Buffer
}

/** A partner as the store takes it, with its first API key and signing secret in the clear: they are shown only now. */
export const newPartner = (name: string, { newId, random }: Chance) => {
  const { id, text, hash } = createApiKey(newId('key'), random)
  const signingSecret = `whsec_${random(SIGNING_SECRET_BYTES).toString('base64')}`
  const secret = { id: newId('secret'), text: new Secret(signingSecret) }
  return { partner: { id: newId('partner'), name, key: { id, hash }, secret }, apiKey: text, signingSecret }
}
