import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'

/** Encrypts what must not be readable in a stolen database. AES-256-GCM; `context` (table, row, owner) is authenticated. */
export interface Vault {
  seal(text: string, context: string): Buffer
  /** Throws if the key, the bytes or the context are not those of `seal`. */
  open(sealed: Buffer, context: string): string
}

const KEY_VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES

/** @param masterKey 32 bytes. */
export const createVault = (masterKey: Buffer): Vault => {
  const key = createSecretKey(masterKey)
  const authenticated = (context: string) => Buffer.from(`${KEY_VERSION}|${context}`)

  return {
    seal: (text, context) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(authenticated(context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(KEY_VERSION), iv, cipher.getAuthTag(), body])
    },
    open: (sealed, context) => {
      if (sealed[0] !== KEY_VERSION || sealed.length < HEAD_BYTES) throw new Error('sealed with an unknown key version')
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(authenticated(context)).setAuthTag(sealed.subarray(1 + IV_BYTES, HEAD_BYTES))
      return decipher.update(sealed.subarray(HEAD_BYTES), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}
