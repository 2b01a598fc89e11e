import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { Verdict } from '../core/answer.ts'
import type { Contact } from '../core/operator-channel.ts'
import { Secret } from '../core/secret.ts'
import type { StoreHints } from './hints.ts'
import type { TableName } from './tx.ts'

/**
 * Encrypts values that must not be readable in a stolen database. AES-256-GCM; `context` (table, row, owner) is
 * authenticated, so that a sealed value cannot be moved to another row.
 */
interface Vault {
  seal(text: string, context: string): Buffer
  /** Throws if the key is missing, the bytes are damaged, or the context differs. */
  open(sealed: Buffer, context: string): string
  /** Identifies the current key without revealing it: the first bytes of every value that it seals, in hex. */
  readonly keyId: string
}

/** Returns this many random bytes. */
type RandomBytes = (bytes: number) => Buffer

/** Length of the key id, the start of the key's SHA-256. Each value has one, so that keys can change row by row. */
const KEY_ID_BYTES = 4
const IV_BYTES = 12
const TAG_BYTES = 16
const IV_END = KEY_ID_BYTES + IV_BYTES
const HEAD_BYTES = IV_END + TAG_BYTES

const idOf = (key: Buffer): string => createHash('sha256').update(key).digest().toString('hex', 0, KEY_ID_BYTES)

/** IVs fetched per call for random bytes, since a call costs as much as a seal. */
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
 * @param random cryptographically secure: repeated initialization vectors reveal the plaintexts
 * @param keys 32 bytes each: the current master key, then earlier ones, which only open
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

  return {
    keyId,
    seal: (text, context) => {
      const iv = nextIv()
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(authenticated(keyId, context))
      const body = cipher.update(text, 'utf8')
      // Returns no more bytes, but computes the tag.
      cipher.final()
      return Buffer.concat([head, iv, cipher.getAuthTag(), body])
    },
    open: (sealed, context) => {
      const sealedBy = sealed.length < HEAD_BYTES ? undefined : ring.get(sealed.readUInt32BE())
      if (!sealedBy) throw new Error(`sealed under another master key (${sealed.toString('hex', 0, KEY_ID_BYTES)})`)
      const iv = sealed.subarray(KEY_ID_BYTES, IV_END)
      const decipher = createDecipheriv('aes-256-gcm', sealedBy.key, iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(authenticated(sealedBy.id, context)).setAuthTag(sealed.subarray(IV_END, HEAD_BYTES))
      const bytes = decipher.update(sealed.subarray(HEAD_BYTES))
      // Returns no more bytes, but checks the tag.
      decipher.final()
      return bytes.toString()
    },
  }
}

const CANARY = 'idface-notifier'

type OwnerColumn = 'id' | 'apiId' | 'partnerId' | 'idcardid' | 'registrationId'
type OwnerRow = Readonly<Partial<Record<OwnerColumn, string>>>

/** A sealed column of a table. */
export interface SealedColumn {
  table: TableName
  column: 'apiKey' | 'secret' | 'verdict' | 'metadata' | 'body' | 'contact' | 'value'
  /** Each value is sealed for this word and these columns of its row. */
  word: string
  owner: readonly OwnerColumn[]
  /** Column that identifies and orders the rows; `id` by default. */
  key?: 'id' | 'seq' | 'key'
  /** The key is a number, not text. */
  hasNumericKey?: true
  /** Where only one row of the table has a sealed value: its key. */
  only?: string
  /** Length of an empty value, which is not sealed; 0 by default. */
  emptyLength?: number
}

type Metadata = Readonly<Record<string, string>>
const NO_METADATA = '{}'

/**
 * All sealed columns. With another word or owner, stored values could not be opened any more. The canary comes last:
 * once it is resealed, so is everything that opens.
 */
export const SEALED = {
  accountKey: { table: 'accounts', column: 'apiKey', word: 'account', owner: ['apiId'] },
  signingSecret: { table: 'signingSecrets', column: 'secret', word: 'signing-secret', owner: ['partnerId', 'id'] },
  verdict: {
    table: 'verifications',
    column: 'verdict',
    word: 'verdict',
    owner: ['partnerId', 'idcardid'],
    hasNumericKey: true,
  },
  metadata: {
    table: 'registrations',
    column: 'metadata',
    word: 'metadata',
    owner: ['partnerId', 'id'],
    emptyLength: NO_METADATA.length,
  },
  message: {
    table: 'messageBodies',
    column: 'body',
    word: 'message',
    owner: ['partnerId', 'registrationId'],
    key: 'seq',
    hasNumericKey: true,
  },
  contact: { table: 'contacts', column: 'contact', word: 'contact', owner: ['id'] },
  canary: { table: 'meta', column: 'value', word: 'canary', owner: [], key: 'key', only: 'canary' },
} as const satisfies Record<string, SealedColumn>
type OwnerOf<Value extends keyof typeof SEALED> = Readonly<Record<(typeof SEALED)[Value]['owner'][number], string>>

export type Sealed = ReturnType<typeof sealedUnder>

/** Openings after which the cache is cleared, so that unused secrets do not stay in it. */
const CLEAR_CACHE_AFTER = 10_000

/** Caches opened secrets: each claim opens the same few, and an unchanged one is not decrypted again. */
const createSecretCache = (open: (context: string, sealed: Buffer) => Secret): typeof open => {
  const cache = new Map<string, Secret>()
  let openings = 0
  return (context, sealed) => {
    if (++openings % CLEAR_CACHE_AFTER === 0) cache.clear()
    const key = `${context} ${sealed.toString('latin1')}`
    const secret = cache.get(key) ?? open(context, sealed)
    cache.set(key, secret)
    return secret
  }
}

/**
 * Seals and opens all encrypted values of the database under a master key. A value opens only in the row that it was
 * sealed for; `open` throws if the key is missing, the bytes are damaged, or the row is another one.
 *
 * @param keys.previousKey opens too, while rows may still be sealed under it
 * @param random cryptographically secure
 */
export const sealedUnder = (
  { masterKey, previousKey }: { masterKey: Buffer; previousKey?: Buffer | null | undefined },
  random: RandomBytes,
) => {
  const vault = createVault(random, masterKey, ...(previousKey ? [previousKey] : []))
  const contextOf = ({ word, owner }: SealedColumn, row: OwnerRow): string =>
    owner.reduce((context, name) => `${context}|${row[name]}`, word)
  const seal = (column: SealedColumn, row: OwnerRow, text: string) => vault.seal(text, contextOf(column, row))
  const open = (column: SealedColumn, row: OwnerRow, sealed: Buffer) => vault.open(sealed, contextOf(column, row))
  const openSecret = createSecretCache((context, sealed) => new Secret(vault.open(sealed, context)))

  return {
    accountKey: {
      seal: (row: OwnerOf<'accountKey'>, apiKey: Secret) => seal(SEALED.accountKey, row, apiKey.reveal()),
      open: (row: OwnerOf<'accountKey'> & { apiKey: Buffer }) =>
        openSecret(contextOf(SEALED.accountKey, row), row.apiKey),
    },
    signingSecret: {
      seal: (row: OwnerOf<'signingSecret'>, text: Secret) => seal(SEALED.signingSecret, row, text.reveal()),
      open: (row: OwnerOf<'signingSecret'> & { secret: Buffer }) =>
        openSecret(contextOf(SEALED.signingSecret, row), row.secret),
    },
    verdict: {
      seal: (row: OwnerOf<'verdict'>, verdict: Verdict) => seal(SEALED.verdict, row, JSON.stringify(verdict)),
      open: (row: OwnerOf<'verdict'> & { verdict: Buffer | null }) =>
        row.verdict === null ? null : (JSON.parse(open(SEALED.verdict, row, row.verdict)) as Verdict),
    },
    /** Empty metadata, which most registrations have, is no secret and is not sealed. */
    metadata: {
      seal: (row: OwnerOf<'metadata'>, metadata: Metadata): Buffer => {
        const text = JSON.stringify(metadata)
        return text === NO_METADATA ? Buffer.from(text) : seal(SEALED.metadata, row, text)
      },
      open: (row: OwnerOf<'metadata'> & { metadata: Buffer }): Metadata =>
        row.metadata.length === NO_METADATA.length ? {} : JSON.parse(open(SEALED.metadata, row, row.metadata)),
    },
    message: {
      seal: (row: OwnerOf<'message'>, body: string) => seal(SEALED.message, row, body),
      open: (row: OwnerOf<'message'> & { body: Buffer }) => open(SEALED.message, row, row.body),
    },
    contact: {
      seal: (row: OwnerOf<'contact'>, contact: Contact) => seal(SEALED.contact, row, JSON.stringify(contact)),
      open: (row: OwnerOf<'contact'> & { contact: Buffer }) =>
        JSON.parse(open(SEALED.contact, row, row.contact)) as Contact,
    },
    /** Shows whether a database was written with a known key. */
    canary: {
      seal: () => seal(SEALED.canary, {}, CANARY),
      isOurs: (sealed: Buffer): boolean => {
        try {
          return open(SEALED.canary, {}, sealed) === CANARY
        } catch {
          return false
        }
      },
    },
    /** First bytes of every value sealed under the current master key. */
    keyId: Buffer.from(vault.keyId, 'hex'),
    /** Moves a value to the current master key. */
    reseal: (column: SealedColumn, row: OwnerRow, value: Buffer): Buffer => seal(column, row, open(column, row, value)),
  }
}

/** Location of a value that cannot be decrypted: it is damaged, from another row, or sealed under an unknown key. */
export interface Unreadable {
  table: 'accounts' | 'signing_secrets' | 'verifications' | 'registrations' | 'messages' | 'contacts'
  /** Id of its row; of a message, that of its registration. */
  id: string
}

/** Opens a stored value. If it does not open, emits `unreadable` and returns `instead`. */
export type OpenOrElse = <Value, Instead>(
  row: Unreadable,
  options: { open: () => Value; instead: Instead },
) => Value | Instead

/** Opens the sealed values of rows. */
export interface Opening {
  sealed: Sealed
  openOrElse: OpenOrElse
}

/** Unreadable values remembered, so that each is emitted once. Beyond that, all may be emitted again. */
const MAX_REMEMBERED_UNREADABLE = 10_000

/**
 * A value that does not open stops only callers that need it. It is emitted once, possibly within a transaction that is
 * undone or run again, because the hint says nothing about the transaction's changes.
 */
export const createOpenOr = (hints: EventEmitter<StoreHints>): OpenOrElse => {
  const reported = new Set<string>()
  const report = (row: Unreadable) => {
    const key = `${row.table} ${row.id}`
    if (reported.has(key)) return
    if (reported.size >= MAX_REMEMBERED_UNREADABLE) reported.clear()
    reported.add(key)
    hints.emit('unreadable', row)
  }

  return (row, { open, instead }) => {
    try {
      return open()
    } catch {
      report(row)
      return instead
    }
  }
}
