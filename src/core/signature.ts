import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign as signWith,
} from 'node:crypto'
import { promisify } from 'node:util'

/** `v1`: HMAC-SHA256, one secret for both sides. `v1a`: ed25519, the partner holds only the public key. */
export type SignatureType = 'v1' | 'v1a'

/** A secret prepared for signing. Keep it: making one costs more than a signature. */
export interface SigningKey {
  type: SignatureType
  key: KeyObject
}

/** The content that a signature covers. `body` must be exactly the text that is sent, in UTF-8. */
export interface SignedContent {
  id: string
  timestampSeconds: number
  body: string
}

const signInPool = promisify(signWith)

const SECRET_BYTES = 32
const SEED_BYTES = 32

/** The DER of a PKCS#8 ed25519 private key before its 32-byte seed (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
/** An SPKI ed25519 public key ends in its 32 bytes. */
const SPKI_LENGTH = 44

const privateKeyOf = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })

const publicBytesOf = (key: KeyObject): Buffer =>
  createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(SPKI_LENGTH - 32)

/** Strict, because Buffer's own decoder skips unknown characters: a damaged secret would silently sign wrongly. */
const readBase64 = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

const readHmacKey = (bytes: Buffer | null): SigningKey | null =>
  bytes && bytes.length >= 24 && bytes.length <= 64 ? { type: 'v1', key: createSecretKey(bytes) } : null

const readEd25519Key = (bytes: Buffer | null): SigningKey | null => {
  if (bytes?.length !== SEED_BYTES && bytes?.length !== 2 * SEED_BYTES) return null
  const key = privateKeyOf(bytes.subarray(0, SEED_BYTES))
  const isWhole = bytes.length === SEED_BYTES || publicBytesOf(key).equals(bytes.subarray(SEED_BYTES))
  return isWhole ? { type: 'v1a', key } : null
}

/**
 * Reads a Standard Webhooks secret (https://www.standardwebhooks.com): `whsec_` and the base64 of 24 to 64 bytes, or
 * `whsk_` and the base64 of an ed25519 private key, which is its 32-byte seed followed by its 32-byte public key (the
 * seed alone is read too). Null for anything else.
 */
export const createSigningKey = (secretText: string): SigningKey | null => {
  const [, prefix, base64 = ''] = /^(whsec_|whsk_)(.+)$/.exec(secretText) ?? []
  if (prefix === 'whsec_') return readHmacKey(readBase64(base64))
  return prefix === 'whsk_' ? readEd25519Key(readBase64(base64)) : null
}

const textOf = ({ id, timestampSeconds, body }: SignedContent): string => `${id}.${timestampSeconds}.${body}`

const hmacOf = ({ key }: SigningKey, content: SignedContent): string =>
  `v1,${createHmac('sha256', key).update(textOf(content)).digest('base64')}`

const ed25519Of = (signature: Buffer): string => `v1a,${signature.toString('base64')}`

/** The value of `webhook-signature`: one signature for each key, separated by spaces. */
export const sign = (keys: readonly SigningKey[], content: SignedContent): string =>
  keys
    .map(key =>
      key.type === 'v1' ? hmacOf(key, content) : ed25519Of(signWith(null, Buffer.from(textOf(content)), key.key)),
    )
    .join(' ')

/** Like `sign`, for many at once: ed25519, which takes ten times as long as an HMAC, is computed on other threads. */
export const signElsewhere = async (keys: readonly SigningKey[], content: SignedContent): Promise<string> => {
  const signatures = keys.map(key =>
    key.type === 'v1' ? hmacOf(key, content) : signInPool(null, Buffer.from(textOf(content)), key.key).then(ed25519Of),
  )
  return (await Promise.all(signatures)).join(' ')
}

/**
 * Makes a new secret. `createSigningKey` reads `secret`; the partner verifies with `publicText`: for `v1` the same
 * text, for `v1a` `whpk_` with the base64 of the public key.
 *
 * @param random returns the given number of unpredictable bytes
 */
export const generateSecret = (
  type: SignatureType,
  random: (size: number) => Buffer,
): { secret: string; publicText: string } => {
  if (type === 'v1') {
    const secret = `whsec_${random(SECRET_BYTES).toString('base64')}`
    return { secret, publicText: secret }
  }
  const seed = random(SEED_BYTES)
  const publicBytes = publicBytesOf(privateKeyOf(seed))
  return {
    secret: `whsk_${Buffer.concat([seed, publicBytes]).toString('base64')}`,
    publicText: `whpk_${publicBytes.toString('base64')}`,
  }
}
