import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A new API key: `text` is shown once, and only `hash` is kept. */
export interface CreatedApiKey {
  id: string
  text: string
  /** SHA-256 of the secret part. */
  hash: Buffer
}

const ID_PREFIX = 'key_'
const SECRET_BYTES = 32
const API_KEY = /^(ifn_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43}))([0-9a-f]{8})$/

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0')
const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')

/**
 * Makes the key `ifn_<ULID of the id>_<32 random bytes, base64url><CRC-32, hex>`.
 *
 * @param id `key_` and a ULID.
 */
export const createApiKey = (id: string, random: (bytes: number) => Buffer): CreatedApiKey => {
  const secret = random(SECRET_BYTES).toString('base64url')
  const body = `ifn_${id.slice(ID_PREFIX.length)}_${secret}`
  return { id, text: `${body}${checksumOf(body)}`, hash: hashOf(secret) }
}

/** Parses a key; null if it cannot be one. The checksum keeps typing errors away from the database. */
export const readApiKey = (text: string): { id: string; hash: Buffer } | null => {
  const [, body, ulid, secret, checksum] = API_KEY.exec(text) ?? []
  if (body === undefined || secret === undefined || checksumOf(body) !== checksum) return null
  return { id: `${ID_PREFIX}${ulid}`, hash: hashOf(secret) }
}
