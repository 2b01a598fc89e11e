import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto'

/**
 * Encrypts what must not be readable in a stolen database. AES-256-GCM; `context` (table, row, owner) is authenticated,
 * so that a sealed value cannot be moved to another row.
 */
export interface Vault {
  seal(text: string, context: string): Buffer
  /** Throws if none of the keys, or not the bytes or the context, are those of `seal`. */
  open(sealed: Buffer, context: string): string
  /** It was sealed under the current key, not under an earlier one. */
  isCurrent(sealed: Buffer): boolean
  /** Names the current key without telling it. */
  readonly keyId: string
}

/** Which key sealed it: the first bytes of the key's SHA-256, so that keys can change one row at a time. */
const KEY_ID_BYTES = 4
const IV_BYTES = 12
const TAG_BYTES = 16
const IV_END = KEY_ID_BYTES + IV_BYTES
const HEAD_BYTES = IV_END + TAG_BYTES

const idOf = (key: Buffer): string => createHash('sha256').update(key).digest().toString('hex', 0, KEY_ID_BYTES)

/** @param keys 32 bytes each: the current master key, then earlier ones that still open what they sealed. */
export const createVault = (...keys: readonly [Buffer, ...Buffer[]]): Vault => {
  const ring = new Map(keys.map(key => [idOf(key), createSecretKey(key)]))
  const keyId = idOf(keys[0])
  const current = createSecretKey(keys[0])
  const head = Buffer.from(keyId, 'hex')
  const authenticated = (id: string, context: string) => Buffer.from(`${id}|${context}`)

  return {
    keyId,
    isCurrent: sealed => sealed.subarray(0, KEY_ID_BYTES).equals(head),
    seal: (text, context) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(authenticated(keyId, context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([head, iv, cipher.getAuthTag(), body])
    },
    open: (sealed, context) => {
      const id = sealed.toString('hex', 0, KEY_ID_BYTES)
      const key = ring.get(id)
      if (!key || sealed.length < HEAD_BYTES) throw new Error(`sealed under another master key (${id})`)
      const iv = sealed.subarray(KEY_ID_BYTES, IV_END)
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(authenticated(id, context)).setAuthTag(sealed.subarray(IV_END, HEAD_BYTES))
      return decipher.update(sealed.subarray(HEAD_BYTES), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}
