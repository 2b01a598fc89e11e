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

/** The shared key of all spellings of a serial. */
interface Key {
  accountId: string
  /** `serialKey` of each spelling. */
  key: string
  /** Partner that owns the spellings; null: none. */
  owner: string | null
}

/** A serial of an account, including the items registered so far. It is locked and read once, and written once. */
export interface Serial {
  accountId: string
  idcardid: string
  /** Null: new, until it is saved. */
  id: number | null
  verification: (KnownVerification & { polls: number; lastPolledAt: number | null }) | null
  key: Key
  /** Next poll as set by the items; null: unchanged. */
  poll: Nudge | null
  /** No registration waits for it, apart from the items. */
  isNew: boolean
  registrations: RegisterFacts['registrations']
  /** Live registrations for the items' URLs, by URL. */
  live: Map<string, ShownRow & Pick<Registration, 'metadata'>>
}

/**
 * Two transactions that add two spellings of one serial, or have one wait again, do not see each other's rows. Serials
 * that equal their key share the locks; any other spelling excludes them, and they exclude it. One lock covers all keys
 * with the same last character, so that a batch takes few.
 */
const lockKeys = async (tx: Tx, serials: readonly Serial[]): Promise<void> => {
  if (serials.length === 0) return
  const isSpelling = serials.some(({ idcardid, key }) => key.key !== idcardid)
  const locks = [...new Set(serials.map(({ key: { accountId, key } }) => `serials ${accountId} ${key.slice(-1)}`))]
  await tx.lock(locks, isSpelling ? 'alone' : 'shared')
}

/** Returns the serial of each item; items of one serial share an object. */
export const loadSerials = async (
  tx: Tx,
  items: readonly NewRegistration[],
  opening: Opening,
): Promise<readonly Serial[]> => {
  const keys = new Map<string, Key>()
  const byName = new Map<string, Serial>()
  const ofItems = items.map(({ accountId, idcardid }): Serial => {
    const name = `${accountId} ${idcardid}`
    const before = byName.get(name)
    if (before) return before
    const text = serialKey(idcardid)
    const keyName = text === idcardid ? name : `${accountId} ${text}`
    const key = keys.get(keyName) ?? { accountId, key: text, owner: null }
    keys.set(keyName, key)
    const initial = { id: null, verification: null, poll: null, isNew: true, registrations: { live: 0, made: 0 } }
    const serial = { accountId, idcardid, key, ...initial, live: new Map() }
    byName.set(name, serial)
    return serial
  })
  const serials = [...byName.values()]
  const names = serials.map(({ accountId, idcardid }) => ({ accountId, idcardid }))
  const existing = (await tx.all<FoundVerification>(FIND, { names })).map(row => {
    const serial = byName.get(`${row.accountId} ${row.idcardid}`) as Serial
    serial.id = row.id
    serial.verification = { ...row, verdict: openVerdict(opening, row.id, row) }
    serial.isNew = row.dueAt === null
    return serial
  })
  const begun = serials.filter(({ isNew, verification }) => isNew && !verification?.verdict)
  await lockKeys(tx, begun)
  const allKeys = [...keys.values()]
  const values = allKeys.map(({ accountId, key }) => ({ accountId, key }))
  const owners = await tx.each<Pick<Key, 'owner'>>(OWNER, values)
  for (const [i, key] of allKeys.entries()) Object.assign(key, owners[i]?.[0])
  if (existing.length > 0) await loadRegistrations(tx, existing, { items, ofItems, opening })
  return ofItems
}

/** Returns the live registration of the serial for this URL, in its current state. */
export const viewLive = ({ verification, live }: Serial, callbackUrl: string): Registration => {
  const row = live.get(callbackUrl) as ShownRow & Pick<Registration, 'metadata'>
  const { verdict = null, dueAt = null, claimedAt = null } = verification ?? {}
  const opened = { metadata: row.metadata, verdict: verdict === 'unreadable' ? null : verdict }
  return registrationOf({ ...row, dueAt, claimedAt }, opened)
}

const otherKeyOf = ({ idcardid, key: { key } }: Pick<Serial, 'idcardid' | 'key'>) => (key === idcardid ? null : key)

/** Of those that have ended without ever being seen, each owns its own text alone from now on. */
export const freeSpellings = async (tx: Tx, ids: readonly number[]): Promise<void> => {
  if (ids.length > 0) await tx.all(FREE_SPELLINGS, { ids })
}
const FREE_SPELLINGS: Sql = d => `
  UPDATE verifications SET serial_key = NULL
  WHERE id IN ${d.list('ids', 'int8')} AND serial_key IS NOT NULL AND due_at IS NULL AND NOT seen`

/** Counters of answers that end a wait without a verdict, reset when a new wait begins. */
const NOTHING_COUNTED = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0 }

/** Writes the changes. Afterwards each serial of a registered item has its id. @param serials may repeat */
export const saveSerials = async (tx: Tx, serials: readonly Serial[]): Promise<void> => {
  const distinct = [...new Set(serials)]
  const due = distinct.filter(({ poll }) => poll)
  const existing = due.flatMap(({ id, ...one }) => (id === null ? [] : [{ id, ...one }]))
  const nudged = existing.map(({ id, poll }) => ({ id, ...poll }))
  await tx.update('verifications', ['id'], nudged)
  const begun = existing.filter(({ isNew }) => isNew)
  await tx.update(
    'verifications',
    ['id'],
    begun.map(one => ({ id: one.id, ...NOTHING_COUNTED, serialKey: otherKeyOf(one) })),
  )
  const added = due.filter(({ id }) => id === null)
  const rows = added.map(one => {
    const { accountId, idcardid, verification, poll } = one
    const { partnerId } = verification as KnownVerification
    return { accountId, idcardid, partnerId, serialKey: otherKeyOf(one), createdAt: tx.at, ...(poll as Nudge) }
  })
  const ids = await tx.insert('verifications', rows, ['idcardid', 'accountId'])
  for (const [i, serial] of added.entries()) serial.id = ids[i] as number
}

/** Loads the counts of registrations of the known serials, and the live registrations for the items' URLs. */
const loadRegistrations = async (
  tx: Tx,
  existing: readonly Serial[],
  { items, ofItems, opening }: { items: readonly NewRegistration[]; ofItems: readonly Serial[]; opening: Opening },
): Promise<void> => {
  const ids = existing.map(({ id }) => ({ id }))
  const counts = await tx.each<Serial['registrations']>(COUNT, ids)
  for (const [i, serial] of existing.entries()) Object.assign(serial.registrations, counts[i]?.[0])
  const byId = new Map(existing.map(serial => [serial.id, serial]))
  const pairs = items.flatMap(({ callbackUrl }, i) => {
    const verificationId = ofItems[i]?.id ?? null
    return verificationId === null ? [] : [{ verificationId, callbackUrl }]
  })
  for (const row of await tx.all<RegistrationRow>(FIND_LIVE, { pairs }))
    byId.get(row.verificationId)?.live.set(row.callbackUrl, { ...row, metadata: openMetadata(opening, row) })
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

/** Locks and returns the stored ones. */
const FIND: Sql = d => `
  SELECT ${columnsOf('verifications', COLUMNS)} FROM verifications WHERE (idcardid, account_id) IN (
    SELECT names.idcardid, names.account_id FROM ${d.rows('names', { idcardid: 'text', accountId: 'text' })})
  ORDER BY id ${d.forUpdate()}`

/** Owner of a key: of the serial that equals it, if it is asked about or was ever seen, or of another spelling. */
const OWNER = `
  SELECT partner_id AS owner FROM verifications
  WHERE idcardid = @key AND account_id = @accountId AND (due_at IS NOT NULL OR seen)
  UNION ALL SELECT partner_id FROM verifications WHERE serial_key = @key AND account_id = @accountId
  LIMIT 1`

const LIVE = `(${LIVE_STATUSES.map(status => `'${status}'`).join(', ')})`
/** Counts of registrations of a verification. */
const COUNT = `
  SELECT count(*) FILTER (WHERE status IN ${LIVE}) AS live, coalesce(max(n) + 1, 0) AS made
  FROM registrations WHERE verification_id = @id`
const FIND_LIVE: Sql = d => `
  ${SELECT_REGISTRATIONS} WHERE (r.verification_id, r.callback_url) IN (
    SELECT pairs.verification_id, pairs.callback_url FROM ${d.rows('pairs', { verificationId: 'int8', callbackUrl: 'text' })})
  AND r.status IN ${LIVE}`
