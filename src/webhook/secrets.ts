import { kindOfValue, type Rule } from '../core/options.ts'

/**
 * A secret that verifies webhooks: `v1` is HMAC-SHA256; `v1a` is ed25519, for which the receiver has the public key.
 */
export interface VerificationSecret {
  type: 'v1' | 'v1a'
  bytes: ArrayBuffer
}

export interface SecretOptions {
  /** `whsec_…` or `whpk_…`; both while you are changing it, separated by a space. */
  secret?: string | undefined
  /** One or several, as an array. Give either `secret` or `secrets`. */
  secrets?: string | readonly string[] | undefined
}

/** Rules of both options, each for one value only; `readSecrets` checks that exactly one of them is given. */
export const SECRET_RULES: Readonly<Record<keyof SecretOptions, Rule>> = {
  secret: value =>
    value === undefined || typeof value === 'string' ? null : `must be a string, and is ${kindOfValue(value)}`,
  secrets: value =>
    value === undefined || [value].flat().every(one => typeof one === 'string')
      ? null
      : `must be a string or an array of strings, and is ${kindOfValue(value)}`,
}

/** Throws a `TypeError` that describes valid secrets, without repeating a secret. */
export const readSecrets = (of: string, { secret, secrets }: SecretOptions): VerificationSecret[] => {
  if (secret !== undefined && secrets !== undefined) throw new TypeError(`${of}: give secret or secrets, not both`)
  const name = secrets === undefined ? 'secret' : 'secrets'
  const texts = [secrets ?? secret ?? []].flat().flatMap(text => text.split(/\s+/).filter(part => part !== ''))
  if (texts.length === 0)
    throw new TypeError(`${of}: ${name} is missing; it is the signing secret, whsec_… (is WEBHOOK_SECRET set?)`)
  return texts.map((text, index) => {
    const read = readSecret(text)
    if (typeof read !== 'string') return read
    throw new TypeError(`${of}: ${name}${texts.length > 1 ? `, number ${index + 1},` : ''} ${read}`)
  })
}

const PUBLIC_BYTES = 32

/** Returns the mistake as text if `text` is no secret. */
const readSecret = (text: string): VerificationSecret | string => {
  const [, prefix = '', base64 = ''] = /^([a-z]+_)(.*)$/.exec(text) ?? []
  const bytes = readBase64(base64)?.buffer
  if (prefix === 'whsec_')
    return bytes && bytes.byteLength >= 24 && bytes.byteLength <= 64
      ? { type: 'v1', bytes }
      : 'is not a whole whsec_…: copy it again, to its last character'
  if (prefix === 'whpk_')
    return bytes?.byteLength === PUBLIC_BYTES
      ? { type: 'v1a', bytes }
      : 'is not a whole whpk_…: copy it again, to its last character'
  if (prefix === 'ifn_') return 'is an API key (ifn_…); the signing secret begins with whsec_'
  return 'must begin with whsec_ (or whpk_), as it was shown'
}

/**
 * Strict, because decoders skip or accept invalid characters. Returns null unless `text` is exactly the base64 of some
 * bytes.
 */
const readBase64 = (text: string): Uint8Array<ArrayBuffer> | null => {
  if (!/^[0-9A-Za-z+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null
  const binary = atob(text)
  // The last character may have bits that no byte is made of.
  return btoa(binary) === text ? Uint8Array.from(binary, character => character.charCodeAt(0)) : null
}

/** Resolves with whether a signature (`v1,…` or `v1a,…`) of `webhook-signature` was made with this secret. */
type VerificationKey = (signature: string, content: ArrayBuffer) => Promise<boolean>

const ALGORITHMS = {
  v1: { imported: { name: 'HMAC', hash: 'SHA-256' }, name: 'HMAC', signatureBytes: 32 },
  v1a: { imported: { name: 'Ed25519' }, name: 'Ed25519', signatureBytes: 64 },
}

/** Uses WebCrypto, which Node, Bun, Deno and Workers all have. It compares in constant time. */
export const createVerificationKey = async ({ type, bytes }: VerificationSecret): Promise<VerificationKey> => {
  const { imported, name, signatureBytes } = ALGORITHMS[type]
  const key = await crypto.subtle.importKey('raw', bytes, imported, false, ['verify'])
  return async (signature, content) => {
    const [version, base64 = '', ...more] = signature.split(',')
    const given = version === type && more.length === 0 ? readBase64(base64) : null
    return given?.length === signatureBytes && crypto.subtle.verify(name, key, given, content)
  }
}
