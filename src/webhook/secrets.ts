import { nameOf, type Rule } from '../core/options.ts'
import { readBase64 } from './base64.ts'

/** A secret that may verify: `v1` is HMAC-SHA256, `v1a` is ed25519, of which the receiver has the public key. */
export interface VerificationSecret {
  type: 'v1' | 'v1a'
  bytes: ArrayBuffer
}

export interface SecretOptions {
  /** `whsec_…` or `whpk_…`; while it is being changed both, separated by a space. */
  secret?: string | undefined
  /** The same as an array. Give one of the two. */
  secrets?: string | readonly string[] | undefined
}

/** The rules of both options, which only look at one value each; `readSecrets` sees to it that there is one of them. */
export const SECRET_RULES: Readonly<Record<keyof SecretOptions, Rule>> = {
  secret: value =>
    value === undefined || typeof value === 'string' ? null : `must be a string, and is ${nameOf(value)}`,
  secrets: value =>
    value === undefined || [value].flat().every(one => typeof one === 'string')
      ? null
      : `must be a string or an array of strings, and is ${nameOf(value)}`,
}

/** Throws a `TypeError` that says what is right, without repeating a secret. */
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

/** What is wrong with it, where it is none. */
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
