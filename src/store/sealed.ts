import type { EventEmitter } from 'node:events'
import type { Verdict } from '../core/answer.ts'
import { Secret } from '../core/secret.ts'
import type { StoreHints } from './store.ts'
import { createVault, type RandomBytes, type Vault } from './vault.ts'

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
  table: string
  column: string
  /** What names each row, in an order, and what is before all of it. */
  key: string
  first: string | number
  /** The column by which people know the row. */
  id: string
  /** Where only one row of the table holds a sealed value: its key. */
  only?: string
  /** The columns of what the value was sealed for. */
  owner: readonly string[]
  /** The text that stands for a value with nothing in it, and is not sealed. */
  empty?: string
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
 * Everything that the database holds encrypted. A value opens only in the row that it was sealed for; `open` and
 * `openBytes` throw where the key is missing, the bytes are damaged, or the row is another one.
 */
export const createSealed = (vault: Vault) => {
  const column = (place: Omit<SealedColumn, 'reseal'>, sealedFor: (...owner: string[]) => string): SealedColumn => ({
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
    /** Most registrations have none, which is no secret. */
    metadata: {
      seal: (row: RowOf<'metadata'>, metadata: Metadata): Buffer | string => {
        const text = JSON.stringify(metadata)
        return text === NO_METADATA ? text : vault.seal(text, contextOf.metadata(row))
      },
      open: (row: RowOf<'metadata'> & { metadata: Buffer | string }): Metadata => {
        const { metadata } = row
        return JSON.parse(typeof metadata === 'string' ? metadata : vault.open(metadata, contextOf.metadata(row)))
      },
    },
    message: {
      seal: (row: RowOf<'message'>, body: string) => vault.seal(body, contextOf.message(row)),
      open: (row: RowOf<'message'> & { body: Buffer }) => vault.open(row.body, contextOf.message(row)),
      /** The UTF-8 of the text, for what is sent as it is. */
      openBytes: (row: RowOf<'message'> & { body: Buffer }) => vault.openBytes(row.body, contextOf.message(row)),
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
      column({ table: 'accounts', column: 'api_key', key: 'id', first: '', id: 'id', owner: ['api_id'] }, apiId =>
        contextOf.accountKey({ apiId }),
      ),
      column(
        { table: 'signing_secrets', column: 'secret', key: 'id', first: '', id: 'id', owner: ['partner_id', 'id'] },
        (partnerId, id) => contextOf.signingSecret({ partnerId, id }),
      ),
      column(
        { table: 'verifications', column: 'verdict', key: 'id', first: 0, id: 'id', owner: ['partner_id', 'idcardid'] },
        (partnerId, idcardid) => contextOf.verdict({ partnerId, idcardid }),
      ),
      column(
        {
          table: 'registrations',
          column: 'metadata',
          key: 'id',
          first: '',
          id: 'id',
          owner: ['partner_id', 'id'],
          empty: NO_METADATA,
        },
        (partnerId, id) => contextOf.metadata({ partnerId, id }),
      ),
      column(
        {
          table: 'messages',
          column: 'body',
          key: 'seq',
          first: 0,
          id: 'registration_id',
          owner: ['partner_id', 'registration_id'],
        },
        (partnerId, registrationId) => contextOf.message({ partnerId, registrationId }),
      ),
      column(
        { table: 'meta', column: 'value', key: 'key', first: '', id: 'key', only: 'canary', owner: [] },
        contextOf.canary,
      ),
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
