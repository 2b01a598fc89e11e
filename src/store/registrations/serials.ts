import { LIVE_STATUSES, serialKey } from '../../core/registration.ts'
import { openVerdict, type SelectedRegistration, toRow } from '../registration-rows.ts'
import type { KnownVerification, Nudge, RegisterFacts, StoredVerification } from '../rules/register.ts'
import { type RegistrationRow, registrationOf } from '../rules/registration-view.ts'
import type { Opening } from '../sealed.ts'
import type { NewRegistration, Registration } from '../store.ts'
import { columnsOf, type Dialect, type NewRow, type Tx } from '../tx.ts'
import { SELECT_REGISTRATIONS } from './rows.ts'

interface SerialName {
  accountId: string
  idcardid: string
}

/** A serial of an account as it is after the items that were registered so far. */
interface Serial {
  /** Its `id` may be a new one's: see `idOf`. */
  verification: KnownVerification & { polls: number; lastPolledAt: number | null }
  /** Null: it is in the database. */
  added: Pick<NewRow<'verifications'>, 'accountId' | 'idcardid' | 'partnerId' | 'serialKey'> | null
  /** When it is asked since the items; null: none has changed that. */
  nudge: Nudge | null
  registrations: { live: number; made: number }
  /** Those of the items' URLs. */
  live: Map<string, RegistrationRow>
}

/** The serials that one run of a transaction registers: each is locked and read once, changed in memory, and written once. */
export interface SerialUnitOfWork {
  facts(item: NewRegistration): Pick<RegisterFacts, 'verification' | 'ownerOfSerialKey' | 'registrations' | 'hasLive'>
  /** The live registration of the item's pair, as it is now. */
  view(item: NewRegistration): Registration
  /** The item's registration is made; which of the serial's it is. @param ask null: the verdict is known */
  add(item: NewRegistration, row: Omit<RegistrationRow, keyof Polling>, ask: Nudge | null): number
  /** Writes what has changed. */
  save(): Promise<void>
  /** The id of the item's verification, after `save`. */
  idOf(item: SerialName): number
}

type Polling = Pick<RegistrationRow, 'polls' | 'lastPolledAt' | 'pollDueAt' | 'pollClaimedAt'>

/** What is new has these ids until it is saved: it is younger than all that is known. */
const FIRST_NEW_ID = 2 ** 52

const serialNameOf = ({ accountId, idcardid }: SerialName): string => `${accountId} ${idcardid}`
const keyNameOf = ({ accountId, idcardid }: SerialName): string => `${accountId} ${serialKey(idcardid)}`

/**
 * Of two spellings of one serial that are new at once neither transaction would see the other's row. Serials that are their own key share
 * the locks: a spelling waits for them, and they for it. A lock is for all keys of one last character, so that a batch takes few.
 */
const lockKeys = async (tx: Tx, names: readonly SerialName[]): Promise<void> => {
  if (names.length === 0) return
  const isSpelling = names.some(({ idcardid }) => serialKey(idcardid) !== idcardid)
  const locks = names.map(({ accountId, idcardid }) => `serials ${accountId} ${serialKey(idcardid).slice(-1)}`)
  await tx.lock(locks, isSpelling ? 'alone' : 'shared')
}

export const loadSerials = async (
  tx: Tx,
  items: readonly NewRegistration[],
  opening: Opening,
): Promise<SerialUnitOfWork> => {
  const names = distinct(items, serialNameOf).map(({ accountId, idcardid }) => ({ accountId, idcardid }))
  const found = await tx.all<FoundVerification>(FIND, { names })
  const known = new Set(found.map(serialNameOf))
  await lockKeys(
    tx,
    names.filter(name => !known.has(serialNameOf(name))),
  )
  const keys = distinct(names, keyNameOf)
  const owners = await tx.each<{ partnerId: string }>(
    OWNER,
    keys.map(({ accountId, idcardid }) => ({ accountId, key: serialKey(idcardid) })),
  )
  const ownerByKey = new Map(keys.map((name, i) => [keyNameOf(name), owners[i]?.[0]?.partnerId ?? null]))
  const serials = new Map(
    found.map((row): [string, Serial] => [
      serialNameOf(row),
      {
        verification: { ...row, verdict: openVerdict(opening, row.id, row) },
        added: null,
        nudge: null,
        registrations: { live: 0, made: 0 },
        live: new Map(),
      },
    ]),
  )
  if (found.length > 0) await loadRegistrations(tx, items, serials, opening)

  const serialOf = (item: SerialName): Serial => {
    const serial = serials.get(serialNameOf(item))
    if (!serial) throw new Error('the serial has not been loaded')
    return serial
  }

  const begin = ({ accountId, idcardid, partnerId }: NewRegistration, ask: Nudge): Serial => {
    const key = serialKey(idcardid)
    const id = FIRST_NEW_ID + serials.size
    const serial: Serial = {
      verification: { id, partnerId, ...ask, ...NEW },
      added: { accountId, idcardid, partnerId, serialKey: key === idcardid ? null : key },
      nudge: null,
      registrations: { live: 0, made: 0 },
      live: new Map(),
    }
    serials.set(serialNameOf({ accountId, idcardid }), serial)
    ownerByKey.set(`${accountId} ${key}`, partnerId)
    return serial
  }

  const view = (item: NewRegistration): Registration => {
    const { verification, live } = serialOf(item)
    const row = live.get(item.callbackUrl) as RegistrationRow
    const { verdict, dueAt, claimedAt } = verification
    const opened = verdict === 'unreadable' ? null : verdict
    return registrationOf({ ...row, pollDueAt: dueAt, pollClaimedAt: claimedAt }, () => opened)
  }

  return {
    view,

    facts: item => {
      const serial = serials.get(serialNameOf(item))
      return {
        verification: serial?.verification ?? null,
        ownerOfSerialKey: ownerByKey.get(keyNameOf(item)) ?? null,
        registrations: serial?.registrations ?? { live: 0, made: 0 },
        hasLive: serial?.live.has(item.callbackUrl) ?? false,
      }
    },

    add: (item, row, ask) => {
      const serial = serials.get(serialNameOf(item)) ?? begin(item, ask as Nudge)
      const { live, made } = serial.registrations
      const { polls, lastPolledAt } = serial.verification
      if (ask) {
        serial.nudge = ask
        serial.verification = { ...serial.verification, queue: ask.queue, dueAt: ask.dueAt }
      }
      serial.live.set(item.callbackUrl, { ...row, polls, lastPolledAt, pollDueAt: null, pollClaimedAt: null })
      serial.registrations = { live: live + 1, made: made + 1 }
      return made
    },

    save: async () => {
      const changed = [...serials.values()].flatMap(serial => (serial.nudge ? [{ ...serial.nudge, serial }] : []))
      const known = changed.filter(({ serial }) => !serial.added)
      await tx.update(
        'verifications',
        ['id'],
        known.map(({ serial, ...nudge }) => ({ id: serial.verification.id, ...nudge })),
      )
      const added = changed.flatMap(({ serial, ...nudge }) =>
        serial.added ? [{ serial, row: { ...serial.added, createdAt: tx.at, ...nudge } }] : [],
      )
      const ids = await tx.insert(
        'verifications',
        added.map(({ row }) => row),
        ['idcardid', 'accountId'],
      )
      added.forEach(({ serial }, i) => {
        serial.verification = { ...serial.verification, id: ids[i] as number }
      })
    },

    idOf: item => serialOf(item).verification.id,
  }
}

const NEW = {
  claimedAt: null,
  verdict: null,
  observedAt: null,
  previousPollAt: null,
  polls: 0,
  lastPolledAt: null,
}

const loadRegistrations = async (
  tx: Tx,
  items: readonly NewRegistration[],
  serials: ReadonlyMap<string, Serial>,
  opening: Opening,
): Promise<void> => {
  const known = [...serials.values()]
  const counts = await tx.each<Serial['registrations']>(
    COUNT,
    known.map(({ verification: { id } }) => ({ id })),
  )
  known.forEach((serial, i) => {
    Object.assign(serial.registrations, counts[i]?.[0])
  })
  const pairs = items.flatMap(item => {
    const serial = serials.get(serialNameOf(item))
    return serial ? [{ verificationId: serial.verification.id, callbackUrl: item.callbackUrl }] : []
  })
  const byId = new Map(known.map(serial => [serial.verification.id, serial]))
  for (const row of await tx.all<SelectedRegistration>(FIND_LIVE, { pairs }))
    byId.get(row.verificationId)?.live.set(row.callbackUrl, toRow(opening, row))
}

/** As it is stored. */
interface FoundVerification extends SerialName, StoredVerification {
  polls: number
  lastPolledAt: number | null
}

const COLUMNS = columnsOf('verifications', [
  ...(['id', 'accountId', 'partnerId', 'idcardid', 'queue', 'dueAt', 'claimedAt', 'verdict', 'observedAt'] as const),
  ...(['previousPollAt', 'polls', 'lastPolledAt'] as const),
])
/** Those of these that there are, locked. */
const FIND = (d: Dialect) => `
  SELECT ${COLUMNS} FROM verifications WHERE (idcardid, account_id) IN (
    SELECT names.idcardid, names.account_id FROM ${d.rows('names', { idcardid: 'text', accountId: 'text' })})
  ORDER BY id ${d.forUpdate()}`

/** Whose a key is: of the serial that is its own key, or of others that have it. */
const OWNER = `
  SELECT partner_id AS "partnerId" FROM verifications WHERE idcardid = @key AND account_id = @accountId
  UNION ALL SELECT partner_id FROM verifications WHERE serial_key = @key AND account_id = @accountId
  LIMIT 1`

const LIVE = `(${LIVE_STATUSES.map(status => `'${status}'`).join(', ')})`
/** How many registrations a verification has. */
const COUNT = `
  SELECT count(*) FILTER (WHERE status IN ${LIVE}) AS live, coalesce(max(n) + 1, 0) AS made
  FROM registrations WHERE verification_id = @id`
const FIND_LIVE = (d: Dialect) => `
  ${SELECT_REGISTRATIONS} WHERE (r.verification_id, r.callback_url) IN (
    SELECT pairs.verification_id, pairs.callback_url FROM ${d.rows('pairs', { verificationId: 'int8', callbackUrl: 'text' })})
  AND r.status IN ${LIVE}`

const distinct = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] => [
  ...new Map(items.map(item => [nameOf(item), item])).values(),
]
