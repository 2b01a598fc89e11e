import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

const SECRET_BYTES = 32

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0')
const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')

/** Keys with the text `<prefix>_<ULID of the id>_<32 random bytes, base64url><CRC-32, hex>`. */
const keysOf = ({ prefix, idPrefix }: { prefix: string; idPrefix: string }) => {
  const form = new RegExp(`^(${prefix}_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43}))([0-9a-f]{8})$`)
  return {
    /** `text` is shown once, and only `hash`, the SHA-256 of its secret part, is kept. `id` is `idPrefix` and a ULID. */
    create: (id: string, random: (bytes: number) => Buffer) => {
      const secret = random(SECRET_BYTES).toString('base64url')
      const body = `${prefix}_${id.slice(idPrefix.length)}_${secret}`
      return { id, text: `${body}${checksumOf(body)}`, hash: hashOf(secret) }
    },
    /** Returns null if the text cannot be a key. The checksum keeps typing errors away from the database. */
    read: (text: string): { id: string; hash: Buffer } | null => {
      const [, body, ulid, secret, checksum] = form.exec(text) ?? []
      if (body === undefined || secret === undefined || checksumOf(body) !== checksum) return null
      return { id: `${idPrefix}${ulid}`, hash: hashOf(secret) }
    },
  }
}

/** Keys of partners: `ifn_…`, with ids `key_…`. */
export const { create: createApiKey, read: readApiKey } = keysOf({ prefix: 'ifn', idPrefix: 'key_' })

/** Tokens of operators: `ifnadmin_…`, with ids `token_…`. */
export const { create: createAdminToken, read: readAdminToken } = keysOf({ prefix: 'ifnadmin', idPrefix: 'token_' })
