import { readBase64 } from './base64.ts'
import type { VerificationSecret } from './secrets.ts'

/** Whether one signature (`v1,…` or `v1a,…`) of `webhook-signature` was made with this secret. */
export type VerificationKey = (signature: string, content: Uint8Array<ArrayBuffer>) => Promise<boolean>

const ALGORITHMS = {
  v1: { imported: { name: 'HMAC', hash: 'SHA-256' }, name: 'HMAC', signatureBytes: 32 },
  v1a: { imported: { name: 'Ed25519' }, name: 'Ed25519', signatureBytes: 64 },
}

/** WebCrypto, which Node, Bun, Deno and Workers have alike. It compares in constant time. */
export const createVerificationKey = async ({ type, bytes }: VerificationSecret): Promise<VerificationKey> => {
  const { imported, name, signatureBytes } = ALGORITHMS[type]
  const key = await crypto.subtle.importKey('raw', bytes, imported, false, ['verify'])
  return async (signature, content) => {
    const [version, base64 = '', ...more] = signature.split(',')
    const given = version === type && more.length === 0 ? readBase64(base64) : null
    return given?.length === signatureBytes && crypto.subtle.verify(name, key, given, content)
  }
}
