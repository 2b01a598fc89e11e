import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto'

/**
 * Encrypts what must not be readable in a stolen database. AES-256-GCM; `context` (table, row, owner) is authenticated,
 * so that a sealed value cannot be moved to another row.
 */
export interface Vault {
  seal(text: string, context: string): Buffer
  /** Throws where the key is not there, the bytes are damaged, or the context is another one. */
  open(sealed: Buffer, context: string): string
  /** The UTF-8 bytes of the text, for what is passed on unread. */
  openBytes(sealed: Buffer, context: string): Buffer
  /** Names the current key without telling it: the first bytes of whatever it seals, in hex. */
  readonly keyId: string
}

/** As many random bytes as asked for. */
export type RandomBytes = (bytes: number) => Buffer

/** Which key sealed it: the first bytes of the key's SHA-256, so that keys can change one row at a time. */
const KEY_ID_BYTES = 4
const IV_BYTES = 12
const TAG_BYTES = 16
const IV_END = KEY_ID_BYTES + IV_BYTES
const HEAD_BYTES = IV_END + TAG_BYTES

const idOf = (key: Buffer): string => createHash('sha256').update(key).digest().toString('hex', 0, KEY_ID_BYTES)

/** A call for random bytes costs as much as a seal, so each one fetches this many IVs. */
const IVS_AT_ONCE = 512

const createIvs = (random: RandomBytes) => {
  let bytes: Buffer = Buffer.alloc(0)
  return (): Buffer => {
    if (bytes.length === 0) bytes = random(IVS_AT_ONCE * IV_BYTES)
    const iv = bytes.subarray(0, IV_BYTES)
    bytes = bytes.subarray(IV_BYTES)
    return iv
  }
}

/**
 * @param random cryptographically secure: initialization vectors that repeat give the plaintexts away
 * @param keys 32 bytes each: the current master key, then earlier ones that still open what they sealed
 */
export const createVault = (random: RandomBytes, ...keys: readonly [Buffer, ...Buffer[]]): Vault => {
  const ring = new Map(
    keys.map(key => [Buffer.from(idOf(key), 'hex').readUInt32BE(), { id: idOf(key), key: createSecretKey(key) }]),
  )
  const keyId = idOf(keys[0])
  const current = createSecretKey(keys[0])
  const head = Buffer.from(keyId, 'hex')
  const authenticated = (id: string, context: string) => Buffer.from(`${id}|${context}`)
  const nextIv = createIvs(random)

  const openBytes = (sealed: Buffer, context: string): Buffer => {
    const sealedBy = sealed.length < HEAD_BYTES ? undefined : ring.get(sealed.readUInt32BE())
    if (!sealedBy) throw new Error(`sealed under another master key (${sealed.toString('hex', 0, KEY_ID_BYTES)})`)
    const iv = sealed.subarray(KEY_ID_BYTES, IV_END)
    const decipher = createDecipheriv('aes-256-gcm', sealedBy.key, iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(authenticated(sealedBy.id, context)).setAuthTag(sealed.subarray(IV_END, HEAD_BYTES))
    const bytes = decipher.update(sealed.subarray(HEAD_BYTES))
    // Nothing more comes, but this is what checks the tag.
    decipher.final()
    return bytes
  }

  return {
    keyId,
    seal: (text, context) => {
      const iv = nextIv()
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(authenticated(keyId, context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([head, iv, cipher.getAuthTag(), body])
    },
    open: (sealed, context) => openBytes(sealed, context).toString('utf8'),
    openBytes,
  }
}
