import { createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import { createSigningKey, type SignedContent, sign } from '../core/signature.ts'

/** Whether one signature (`v1,…` or `v1a,…`) of `webhook-signature` was made with this secret. */
export type VerificationKey = (signature: string, content: SignedContent) => boolean

/** The DER of an SPKI ed25519 public key before its 32 bytes (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const PUBLIC_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64

/** Reads `whsec_…` (HMAC-SHA256, `v1`) or `whpk_…` (ed25519, `v1a`); null for anything else. */
export const createVerificationKey = (secret: string): VerificationKey | null =>
  secret.startsWith('whpk_') ? readPublicKey(secret.slice('whpk_'.length)) : readSharedKey(secret)

const readSharedKey = (secret: string): VerificationKey | null => {
  const key = secret.startsWith('whsec_') ? createSigningKey(secret) : null
  if (!key) return null
  return (signature, content) => {
    const given = Buffer.from(signature)
    const expected = Buffer.from(sign([key], content))
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

const readPublicKey = (base64: string): VerificationKey | null => {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== PUBLIC_BYTES || bytes.toString('base64') !== base64) return null
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' })
  return (signature, { id, timestampSeconds, body }) => {
    const [, given = ''] = /^v1a,([0-9A-Za-z+/]+={0,2})$/.exec(signature) ?? []
    const signed = Buffer.from(given, 'base64')
    if (signed.length !== ED25519_SIGNATURE_BYTES) return false
    return verify(null, Buffer.concat([Buffer.from(`${id}.${timestampSeconds}.`), Buffer.from(body)]), key, signed)
  }
}
