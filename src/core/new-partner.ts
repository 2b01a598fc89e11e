import { createApiKey } from './api-key.ts'
import { Secret } from './secret.ts'
import { generateSecret } from './signature.ts'

interface Chance {
  /** `newId('key')` gives `key_` and a ULID. */
  newId: (prefix: string) => string
  random: (bytes: number) => Buffer
}

/** Returns a partner for the store, and its first API key and signing secret in clear text, shown only now. */
export const newPartner = (name: string, { newId, random }: Chance) => {
  const { id, text, hash } = createApiKey(newId('key'), random)
  const { secret: signingSecret } = generateSecret('v1', random)
  const secret = { id: newId('secret'), text: new Secret(signingSecret) }
  return { partner: { id: newId('partner'), name, key: { id, hash }, secret }, apiKey: text, signingSecret }
}
