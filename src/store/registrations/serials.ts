import { LIVE_STATUSES, serialKey } from '../../core/registration.ts'
import type { Opening } from '../sealed.ts'
import { columnsOf, type Row, type Sql, type Tx } from '../tx.ts'
import type { KnownVerification, NewRegistration, Nudge, RegisterFacts } from './registering.ts'
import {
  openMetadata,
  openVerdict,
  type Registration,
  type RegistrationRow,
  registrationOf,
  SELECT_REGISTRATIONS,
  type ShownRow,
} from './registration.ts'

interface SerialName {
  accountId: string
  idcardid: string
}

/** A serial of an account as it is after the items that were registered so far: it is locked and read once, and written once. */
export interface Serial extends SerialName {
  /** Null: it is new, and has its id once it is saved. */
  id: number | null
  verification: (KnownVerification & { polls: number; lastPolledAt: number | null }) | null
  /** Of all spellings that have its key: whose they are. Null: nobody's. */
  key: { owner: string | null }
  /** When it is asked since the items; null: none has changed that. */
  ask: Nudge | null
  /** Nobody has waited for it. */
  isNew: boolean
  registrations: RegisterFacts['registrations']
  /** Those of the items' URLs. */
  live: Map<string, ShownRow & Pick<Registration, 'metadata'>>
}

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

/** Finds the serial of an item among those that were loaded for it. */
export type SerialOf = (item: SerialName) => Serial

export const loadSerials = async (
  tx: Tx,
  items: readonly NewRegistration[],
  opening: Opening,
): Promise<{ serials: readonly Serial[]; serialOf: SerialOf }> => {
  const names = distinct(items, serialNameOf).map(({ accountId, idcardid }) => ({ accountId, idcardid }))
  const found = new Map((await tx.all<FoundVerification>(FIND, { names })).map(row => [serialNameOf(row), row]))
  await lockKeys(
    tx,
    names.filter(name => !found.has(serialNameOf(name))),
  )
  const keys = distinct(names, keyNameOf)
  const owners = await tx.each<{ owner: string }>(
    OWNER,
    keys.map(({ accountId, idcardid }) => ({ accountId, key: serialKey(idcardid) })),
  )
  const keyOf = new Map(keys.map((name, i) => [keyNameOf(name), owners[i]?.[0] ?? { owner: null }]))
  const serials = names.map((name): Serial => {
    const row = found.get(serialNameOf(name))
    return {
      ...name,
      id: row?.id ?? null,
      verification: row ? { ...row, verdict: openVerdict(opening, row.id, row) } : null,
      key: keyOf.get(keyNameOf(name)) ?? { owner: null },
      ask: null,
      isNew: (row?.dueAt ?? null) === null,
      registrations: { live: 0, made: 0 },
      live: new Map(),
    }
  })
  const byName = new Map(serials.map(serial => [serialNameOf(serial), serial]))
  const serialOf = (item: SerialName) => byName.get(serialNameOf(item)) as Serial
  if (found.size > 0) await loadRegistrations(tx, items, { serials, serialOf }, opening)
  return { serials, serialOf }
}

/** The live registration of the serial for this URL, as it is now. */
export const viewLive = ({ verification, live }: Serial, callbackUrl: string): Registration => {
  const { metadata, ...row } = live.get(callbackUrl) as ShownRow & Pick<Registration, 'metadata'>
  const { verdict = null, dueAt = null, claimedAt = null } = verification ?? {}
  return registrationOf({ ...row, dueAt, claimedAt }, { metadata, verdict: verdict === 'unreadable' ? null : verdict })
}

/** What answers have counted towards an end of those that waited then. */
const NOTHING_COUNTED = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0 }

/** Writes what has changed; all that are registered have their ids then. */
export const saveSerials = async (tx: Tx, serials: readonly Serial[]): Promise<void> => {
  const known = serials.flatMap(({ id, ask, isNew }) => (id !== null && ask ? [{ id, ask, isNew }] : []))
  await tx.update(
    'verifications',
    ['id'],
    known.map(({ id, ask }) => ({ id, ...ask })),
  )
  await tx.update(
    'verifications',
    ['id'],
    known.filter(({ isNew }) => isNew).map(({ id }) => ({ id, ...NOTHING_COUNTED })),
  )
  const added = serials.filter(({ id, ask }) => id === null && ask)
  const ids = await tx.insert(
    'verifications',
    added.map(({ accountId, idcardid, verification, ask }) => {
      const { partnerId } = verification as KnownVerification
      const key = serialKey(idcardid)
      const name = { accountId, idcardid, partnerId, serialKey: key === idcardid ? null : key }
      return { ...name, createdAt: tx.at, ...(ask as Nudge) }
    }),
    ['idcardid', 'accountId'],
  )
  added.forEach((serial, i) => {
    serial.id = ids[i] as number
  })
}

/** How many they have, and those of the items' URLs. */
const loadRegistrations = async (
  tx: Tx,
  items: readonly NewRegistration[],
  { serials, serialOf }: { serials: readonly Serial[]; serialOf: SerialOf },
  opening: Opening,
): Promise<void> => {
  const known = serials.filter(({ id }) => id !== null)
  const counts = await tx.each<Serial['registrations']>(
    COUNT,
    known.map(({ id }) => ({ id })),
  )
  known.forEach((serial, i) => {
    Object.assign(serial.registrations, counts[i]?.[0])
  })
  const pairs = items.flatMap(item => {
    const { id } = serialOf(item)
    return id === null ? [] : [{ verificationId: id, callbackUrl: item.callbackUrl }]
  })
  for (const row of await tx.all<RegistrationRow>(FIND_LIVE, { pairs }))
    serialOf(row).live.set(row.callbackUrl, { ...row, metadata: openMetadata(opening, row) })
}

const COLUMNS = [
  'id',
  'accountId',
  'partnerId',
  'idcardid',
  'queue',
  'dueAt',
  'claimedAt',
  'verdict',
  'observedAt',
  'previousPollAt',
  'polls',
  'lastPolledAt',
] as const
type FoundVerification = Pick<Row<'verifications'>, (typeof COLUMNS)[number]>

/** Those of these that there are, locked. */
const FIND: Sql = d => `
  SELECT ${columnsOf('verifications', COLUMNS)} FROM verifications WHERE (idcardid, account_id) IN (
    SELECT names.idcardid, names.account_id FROM ${d.rows('names', { idcardid: 'text', accountId: 'text' })})
  ORDER BY id ${d.forUpdate()}`

/** Whose a key is: of the serial that is its own key, or of others that have it. */
const OWNER = `
  SELECT partner_id AS owner FROM verifications WHERE idcardid = @key AND account_id = @accountId
  UNION ALL SELECT partner_id FROM verifications WHERE serial_key = @key AND account_id = @accountId
  LIMIT 1`

const LIVE = `(${LIVE_STATUSES.map(status => `'${status}'`).join(', ')})`
/** How many registrations a verification has. */
const COUNT = `
  SELECT count(*) FILTER (WHERE status IN ${LIVE}) AS live, coalesce(max(n) + 1, 0) AS made
  FROM registrations WHERE verification_id = @id`
const FIND_LIVE: Sql = d => `
  ${SELECT_REGISTRATIONS} WHERE (r.verification_id, r.callback_url) IN (
    SELECT pairs.verification_id, pairs.callback_url FROM ${d.rows('pairs', { verificationId: 'int8', callbackUrl: 'text' })})
  AND r.status IN ${LIVE}`

const distinct = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] => [
  ...new Map(items.map(item => [nameOf(item), item])).values(),
]
