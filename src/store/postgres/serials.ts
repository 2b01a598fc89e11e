import { serialKey } from '../../core/registration.ts'
import { openVerdict, toRow } from '../registration-rows.ts'
import type { KnownVerification, Nudge, RegisterFacts } from '../rules/register.ts'
import { type RegistrationRow, registrationOf } from '../rules/registration-view.ts'
import type { Opening } from '../sealed.ts'
import type { NewRegistration, Registration } from '../store.ts'
import type { Tx } from './connection.ts'
import {
  addVerifications,
  countRegistrations,
  findKeyOwners,
  findLive,
  lockSerials,
  type NewVerification,
  type SerialName,
  saveNudges,
} from './registration-statements.ts'

/** A serial of an account as it is after the items that were registered so far. */
interface Serial {
  /** Its `id` may be a new one's: see `idOf`. */
  verification: KnownVerification & { polls: number; lastPolledAt: number | null }
  /** Null: it is in the database. */
  added: Pick<NewVerification, 'accountId' | 'idcardid' | 'partnerId' | 'serialKey'> | null
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
  save(tx: Tx): Promise<void>
  /** The id of the item's verification, after `save`. */
  idOf(item: NewRegistration): number
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
  const names = distinct(items, serialNameOf)
  const found = await lockSerials(tx, names)
  const known = new Set(found.map(serialNameOf))
  await lockKeys(
    tx,
    names.filter(name => !known.has(serialNameOf(name))),
  )
  const owners = await findKeyOwners(
    tx,
    distinct(names, keyNameOf).map(name => ({ accountId: name.accountId, serialKey: serialKey(name.idcardid) })),
  )
  const ownerByKey = new Map(
    owners.map(({ partnerId, accountId, serialKey }) => [`${accountId} ${serialKey}`, partnerId]),
  )
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

  const serialOf = (item: NewRegistration): Serial => {
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

    save: async tx => {
      const changed = [...serials.values()].flatMap(serial =>
        serial.nudge ? [{ ...serial, nudge: serial.nudge }] : [],
      )
      await saveNudges(
        tx,
        changed.flatMap(({ added, nudge, verification: { id } }) => (added ? [] : [{ id, ...nudge }])),
      )
      const ids = await addVerifications(
        tx,
        changed.flatMap(({ added, nudge }) => (added ? [{ ...added, ...nudge }] : [])),
      )
      for (const { id, ...name } of ids) {
        const serial = serials.get(serialNameOf(name))
        if (serial) serial.verification = { ...serial.verification, id }
      }
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
  const byId = new Map([...serials.values()].map(serial => [serial.verification.id, serial]))
  for (const { verificationId, live, made } of await countRegistrations(tx, [...byId.keys()])) {
    const serial = byId.get(verificationId)
    if (serial) serial.registrations = { live, made }
  }
  const pairs = items.flatMap(item => {
    const serial = serials.get(serialNameOf(item))
    return serial ? [{ verificationId: serial.verification.id, callbackUrl: item.callbackUrl }] : []
  })
  for (const row of await findLive(tx, pairs))
    byId.get(row.verificationId)?.live.set(row.callbackUrl, toRow(opening, row))
}

const distinct = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] => [
  ...new Map(items.map(item => [nameOf(item), item])).values(),
]
