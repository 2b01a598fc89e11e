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

/** What all spellings of a serial have in common. */
interface Key {
  accountId: string
  /** `serialKey` of each. */
  key: string
  /** Whose they are; null: nobody's. */
  owner: string | null
}

/** A serial of an account as it is after the items that were registered so far: it is locked and read once, and written once. */
export interface Serial {
  accountId: string
  idcardid: string
  /** Null: it is new, and has its id once it is saved. */
  id: number | null
  verification: (KnownVerification & { polls: number; lastPolledAt: number | null }) | null
  key: Key
  /** When it is asked since the items; null: none has changed that. */
  ask: Nudge | null
  /** Nobody has waited for it. */
  isNew: boolean
  registrations: RegisterFacts['registrations']
  /** Those of the items' URLs. */
  live: Map<string, ShownRow & Pick<Registration, 'metadata'>>
}

/**
 * Of two spellings of one serial that are new at once neither transaction would see the other's row. Serials that are their own key share
 * the locks: a spelling waits for them, and they for it. A lock is for all keys of one last character, so that a batch takes few.
 */
const lockKeys = async (tx: Tx, serials: readonly Serial[]): Promise<void> => {
  if (serials.length === 0) return
  const isSpelling = serials.some(({ idcardid, key }) => key.key !== idcardid)
  const locks = [...new Set(serials.map(({ key: { accountId, key } }) => `serials ${accountId} ${key.slice(-1)}`))]
  await tx.lock(locks, isSpelling ? 'alone' : 'shared')
}

/** The serial of each item, which is the same object for all that name it. */
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
    const nobody = { id: null, verification: null, ask: null, isNew: true, registrations: { live: 0, made: 0 } }
    const serial = { accountId, idcardid, key, ...nobody, live: new Map() }
    byName.set(name, serial)
    return serial
  })
  const serials = [...byName.values()]
  const names = serials.map(({ accountId, idcardid }) => ({ accountId, idcardid }))
  const known = (await tx.all<FoundVerification>(FIND, { names })).map(row => {
    const serial = byName.get(`${row.accountId} ${row.idcardid}`) as Serial
    serial.id = row.id
    serial.verification = { ...row, verdict: openVerdict(opening, row.id, row) }
    serial.isNew = row.dueAt === null
    return serial
  })
  const added = serials.filter(({ id }) => id === null)
  await lockKeys(tx, added)
  const allKeys = [...keys.values()]
  const asked = allKeys.map(({ accountId, key }) => ({ accountId, key }))
  const owners = await tx.each<Pick<Key, 'owner'>>(OWNER, asked)
  for (const [i, key] of allKeys.entries()) Object.assign(key, owners[i]?.[0])
  if (known.length > 0) await loadRegistrations(tx, known, { items, ofItems, opening })
  return ofItems
}

/** The live registration of the serial for this URL, as it is now. */
export const viewLive = ({ verification, live }: Serial, callbackUrl: string): Registration => {
  const row = live.get(callbackUrl) as ShownRow & Pick<Registration, 'metadata'>
  const { verdict = null, dueAt = null, claimedAt = null } = verification ?? {}
  const opened = { metadata: row.metadata, verdict: verdict === 'unreadable' ? null : verdict }
  return registrationOf({ ...row, dueAt, claimedAt }, opened)
}

/** What answers have counted towards an end of those that waited then. */
const NOTHING_COUNTED = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0 }

/** Writes what has changed; all that are registered have their ids then. @param serials of several items the same */
export const saveSerials = async (tx: Tx, serials: readonly Serial[]): Promise<void> => {
  const distinct = [...new Set(serials)]
  const asked = distinct.filter(({ ask }) => ask)
  const known = asked.flatMap(({ id, ask, isNew }) => (id === null ? [] : [{ id, ask, isNew }]))
  const nudged = known.map(({ id, ask }) => ({ id, ...ask }))
  await tx.update('verifications', ['id'], nudged)
  const begun = known.filter(({ isNew }) => isNew).map(({ id }) => ({ id, ...NOTHING_COUNTED }))
  await tx.update('verifications', ['id'], begun)
  const added = asked.filter(({ id }) => id === null)
  const rows = added.map(({ accountId, idcardid, key: { key }, verification, ask }) => {
    const { partnerId } = verification as KnownVerification
    const name = { accountId, idcardid, partnerId, serialKey: key === idcardid ? null : key }
    return { ...name, createdAt: tx.at, ...(ask as Nudge) }
  })
  const ids = await tx.insert('verifications', rows, ['idcardid', 'accountId'])
  for (const [i, serial] of added.entries()) serial.id = ids[i] as number
}

/** How many these have, and those of the items' URLs. */
const loadRegistrations = async (
  tx: Tx,
  known: readonly Serial[],
  { items, ofItems, opening }: { items: readonly NewRegistration[]; ofItems: readonly Serial[]; opening: Opening },
): Promise<void> => {
  const ids = known.map(({ id }) => ({ id }))
  const counts = await tx.each<Serial['registrations']>(COUNT, ids)
  for (const [i, serial] of known.entries()) Object.assign(serial.registrations, counts[i]?.[0])
  const byId = new Map(known.map(serial => [serial.id, serial]))
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
