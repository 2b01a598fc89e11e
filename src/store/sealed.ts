import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { Verdict } from '../core/answer.ts'
import { Secret } from '../core/secret.ts'
import type { StoreHints } from './store.ts'
import type { TableName } from './tx.ts'

/**
 * Encrypts what must not be readable in a stolen database. AES-256-GCM; `context` (table, row, owner) is authenticated,
 * so that a sealed value cannot be moved to another row.
 */
interface Vault {
  seal(text: string, context: string): Buffer
  /** Throws where the key is not there, the bytes are damaged, or the context is another one. */
  open(sealed: Buffer, context: string): string
  /** Names the current key without telling it: the first bytes of whatever it seals, in hex. */
  readonly keyId: string
}

/** As many random bytes as asked for. */
type RandomBytes = (bytes: number) => Buffer

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

  return {
    keyId,
    seal: (text, context) => {
      const iv = nextIv()
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(authenticated(keyId, context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([head, iv, cipher.getAuthTag(), body])
    },
    open: (sealed, context) => {
      const sealedBy = sealed.length < HEAD_BYTES ? undefined : ring.get(sealed.readUInt32BE())
      if (!sealedBy) throw new Error(`sealed under another master key (${sealed.toString('hex', 0, KEY_ID_BYTES)})`)
      const iv = sealed.subarray(KEY_ID_BYTES, IV_END)
      const decipher = createDecipheriv('aes-256-gcm', sealedBy.key, iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(authenticated(sealedBy.id, context)).setAuthTag(sealed.subarray(IV_END, HEAD_BYTES))
      const bytes = decipher.update(sealed.subarray(HEAD_BYTES))
      // Nothing more comes, but this is what checks the tag.
      decipher.final()
      return bytes.toString()
    },
  }
}

const CANARY = 'idface-notifier'

/** What each value is sealed for. With another text here, what is in the database already could not be opened any more. */
const contextOf = {
  accountKey: (row: { apiId: string }) => `account|${row.apiId}`,
  signingSecret: (row: { partnerId: string; id: string }) => `signing-secret|${row.partnerId}|${row.id}`,
  verdict: (row: { partnerId: string; idcardid: string }) => `verdict|${row.partnerId}|${row.idcardid}`,
  metadata: (row: { partnerId: string; id: string }) => `metadata|${row.partnerId}|${row.id}`,
  message: (row: { partnerId: string; registrationId: string }) => `message|${row.partnerId}|${row.registrationId}`,
  canary: () => 'canary',
}
type RowOf<Value extends keyof typeof contextOf> = Parameters<(typeof contextOf)[Value]>[0]

/** A sealed column of a table: where it is, and how a value of it moves to the current master key. */
export interface SealedColumn {
  table: TableName
  column: 'apiKey' | 'secret' | 'verdict' | 'metadata' | 'body' | 'value'
  /** What names each row, in an order, and what is before all of it. */
  key: 'id' | 'seq' | 'key'
  first: string | number
  /** The column by which people know the row. */
  id: 'id' | 'registrationId' | 'key'
  /** Where only one row of the table holds a sealed value: its key. */
  only?: string
  /** The columns of what the value was sealed for. */
  owner: readonly ('id' | 'apiId' | 'partnerId' | 'idcardid' | 'registrationId')[]
  /** How long a value is that has nothing in it, and is not sealed; 0 unless given. */
  emptyLength?: number
  /**
   * @param value a text is one that has never been sealed
   * @param owner the values of these columns, in their order
   */
  reseal(value: Buffer | string, owner: readonly string[]): Buffer
}

type Metadata = Readonly<Record<string, string>>
const NO_METADATA = '{}'

export type Sealed = ReturnType<typeof createSealed>

/**
 * Everything that the database holds encrypted. A value opens only in the row that it was sealed for; `open`
 * throws where the key is missing, the bytes are damaged, or the row is another one.
 */
export const createSealed = (vault: Vault) => {
  const column = (
    place: Pick<SealedColumn, 'table' | 'column' | 'owner'> & Partial<SealedColumn>,
    sealedFor: (...owner: string[]) => string,
  ): SealedColumn => ({
    ...{ key: 'id', first: '', id: 'id' },
    ...place,
    reseal: (value, owner) => {
      const context = sealedFor(...owner)
      return vault.seal(typeof value === 'string' ? value : vault.open(value, context), context)
    },
  })

  return {
    accountKey: {
      seal: (row: RowOf<'accountKey'>, apiKey: Secret) => vault.seal(apiKey.reveal(), contextOf.accountKey(row)),
      open: (row: RowOf<'accountKey'> & { apiKey: Buffer }) =>
        new Secret(vault.open(row.apiKey, contextOf.accountKey(row))),
    },
    signingSecret: {
      seal: (row: RowOf<'signingSecret'>, text: Secret) => vault.seal(text.reveal(), contextOf.signingSecret(row)),
      open: (row: RowOf<'signingSecret'> & { secret: Buffer }) =>
        new Secret(vault.open(row.secret, contextOf.signingSecret(row))),
    },
    verdict: {
      seal: (row: RowOf<'verdict'>, verdict: Verdict) => vault.seal(JSON.stringify(verdict), contextOf.verdict(row)),
      open: (row: RowOf<'verdict'> & { verdict: Buffer | null }) =>
        row.verdict === null ? null : (JSON.parse(vault.open(row.verdict, contextOf.verdict(row))) as Verdict),
    },
    /** Most registrations have none, which is no secret: they are as they are. */
    metadata: {
      seal: (row: RowOf<'metadata'>, metadata: Metadata): Buffer => {
        const text = JSON.stringify(metadata)
        return text === NO_METADATA ? Buffer.from(text) : vault.seal(text, contextOf.metadata(row))
      },
      open: (row: RowOf<'metadata'> & { metadata: Buffer | string }): Metadata => {
        const { metadata } = row
        const isPlain = typeof metadata === 'string' || metadata.length === NO_METADATA.length
        return JSON.parse(isPlain ? metadata.toString() : vault.open(metadata, contextOf.metadata(row)))
      },
    },
    message: {
      seal: (row: RowOf<'message'>, body: string) => vault.seal(body, contextOf.message(row)),
      open: (row: RowOf<'message'> & { body: Buffer }) => vault.open(row.body, contextOf.message(row)),
    },
    /** Tells whether a database was written with a key that is there. */
    canary: {
      seal: () => vault.seal(CANARY, contextOf.canary()),
      isOurs: (sealed: Buffer): boolean => {
        try {
          return vault.open(sealed, contextOf.canary()) === CANARY
        } catch {
          return false
        }
      },
    },
    /** The first bytes of every value that is sealed under the current master key. */
    keyId: Buffer.from(vault.keyId, 'hex'),
    /** All of them. The canary comes last: once it is resealed, everything is that opens. */
    columns: [
      column({ table: 'accounts', column: 'apiKey', owner: ['apiId'] }, apiId => contextOf.accountKey({ apiId })),
      column({ table: 'signingSecrets', column: 'secret', owner: ['partnerId', 'id'] }, (partnerId, id) =>
        contextOf.signingSecret({ partnerId, id }),
      ),
      column(
        { table: 'verifications', column: 'verdict', first: 0, owner: ['partnerId', 'idcardid'] },
        (partnerId, idcardid) => contextOf.verdict({ partnerId, idcardid }),
      ),
      column(
        { table: 'registrations', column: 'metadata', owner: ['partnerId', 'id'], emptyLength: NO_METADATA.length },
        (partnerId, id) => contextOf.metadata({ partnerId, id }),
      ),
      column(
        {
          ...{ table: 'messageBodies', column: 'body', key: 'seq', first: 0, id: 'registrationId' },
          owner: ['partnerId', 'registrationId'],
        },
        (partnerId, registrationId) => contextOf.message({ partnerId, registrationId }),
      ),
      column({ table: 'meta', column: 'value', key: 'key', id: 'key', only: 'canary', owner: [] }, contextOf.canary),
    ],
  }
}

/**
 * Seals under a master key, and opens what is sealed under it or the one before it.
 *
 * @param keys.previousKey while rows may still be sealed under that
 * @param random cryptographically secure
 */
export const sealedUnder = (
  { masterKey, previousKey }: { masterKey: Buffer; previousKey?: Buffer | null | undefined },
  random: RandomBytes,
): Sealed => createSealed(createVault(random, masterKey, ...(previousKey ? [previousKey] : [])))

/** Where a stored value is that cannot be decrypted: it is damaged, from another row, or sealed under a key that is not there. */
export interface Unreadable {
  table: 'accounts' | 'signing_secrets' | 'verifications' | 'registrations' | 'messages'
  /** The id of its row; of a message, that of its registration. */
  id: string
}

/** Opens a stored value; where it does not open, that is told, and the caller goes on with `instead`. */
export type OpenOr = <Value, Instead>(
  where: Unreadable,
  how: { open: () => Value; instead: Instead },
) => Value | Instead

/** What opens the values of rows. */
export interface Opening {
  sealed: Sealed
  openOr: OpenOr
}

/** So many of them are remembered, so that each is told once; behind that, all may be told anew. */
const MOST_TOLD = 10_000

/**
 * One value that does not open must stop nobody but whoever needs that value. It is told once, and it may be told within a
 * transaction that is undone or run again, because it says nothing about what the transaction does.
 */
export const createOpenOr = (hints: EventEmitter<StoreHints>): OpenOr => {
  const told = new Set<string>()
  const tell = (where: Unreadable) => {
    const key = `${where.table} ${where.id}`
    if (told.has(key)) return
    if (told.size >= MOST_TOLD) told.clear()
    told.add(key)
    hints.emit('unreadable', where)
  }

  return (where, { open, instead }) => {
    try {
      return open()
    } catch {
      tell(where)
      return instead
    }
  }
}
