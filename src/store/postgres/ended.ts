import { byEnd, type EndedRegistration, isLaneUnused, mayErase } from '../rules/retention.ts'
import type { Tx } from './connection.ts'

export interface Row extends Omit<EndedRegistration, 'message'>, Pick<Message, 'messageSeq'> {
  verificationId: number
  laneId: number
}
interface Message {
  messageSeq: number | null
  state: NonNullable<EndedRegistration['message']>['state'] | null
  dueAt: number | null
}

/** So many pages of old messages are read in a transaction. Some wait to be sent however old they are, and stay. */
const PAGES_IN_A_LOOK = 20
/** Behind a page in which there was too little, one is larger by this: most of what is there waits. */
const LARGER_PAGE = 10

const messageOf = ({ state, dueAt }: Message): EndedRegistration['message'] => state && { state, dueAt }

const REGISTRATION = `r.id, r.verification_id AS "verificationId", r.lane_id AS "laneId", m.seq AS "messageSeq", m.state,
  m.due_at AS "dueAt", r.resolved_at AS "resolvedAt"`

/** Messages have their numbers in the order in which registrations end. A join may read all of a table. */
const WITH_MESSAGE = `
  SELECT ${REGISTRATION}
  FROM (SELECT seq FROM message_bodies WHERE seq > $1 ORDER BY seq LIMIT $2) AS b
    CROSS JOIN LATERAL (SELECT * FROM messages WHERE seq = b.seq LIMIT 1) AS m
    LEFT JOIN LATERAL (SELECT * FROM registrations WHERE id = m.registration_id LIMIT 1) AS r ON true
  ORDER BY m.seq`
const WITHOUT_MESSAGE = `
  SELECT r.id, verification_id AS "verificationId", lane_id AS "laneId", message_seq AS "messageSeq", NULL AS state,
    NULL::bigint AS "dueAt", resolved_at AS "resolvedAt"
  FROM registrations r
  WHERE message_seq IS NULL AND resolved_at IS NOT NULL AND resolved_at < $1 ORDER BY resolved_at, id LIMIT $2`
const THESE = `
  SELECT ${REGISTRATION}
  FROM registrations r LEFT JOIN messages m ON m.seq = r.message_seq WHERE r.id = ANY($1)`

const erasable = (rows: readonly (Row & Message)[], before: number): (Row & Message)[] =>
  rows.filter(row => mayErase({ ...row, message: messageOf(row) }, before)).toSorted(byEnd)

interface Search {
  before: number
  limit: number
  /** Behind which message to begin. */
  after: number
}

export interface Found {
  rows: (Row & Message)[]
  /** Behind which message to go on another time; 0: from the first on. */
  after: number
}

/** What may be erased, `limit` at most. */
export const find = async (tx: Tx, search: Search): Promise<Found> => {
  const { before, limit } = search
  const { rows, after } = await findWithMessage(tx, search)
  const others = await tx.rows<Row & Message>(WITHOUT_MESSAGE, [before, limit])
  return { rows: erasable([...rows, ...others], before).slice(0, limit), after }
}

const findWithMessage = async (tx: Tx, { before, limit, after }: Search): Promise<Found> => {
  const rows: (Row & Message)[] = []
  let [first, last] = [after, after]
  for (let n = 0; n < PAGES_IN_A_LOOK; n++) {
    const size = n === 0 ? limit : limit * LARGER_PAGE
    const page = await tx.rows<Row & Message>(WITH_MESSAGE, [last, size])
    rows.push(...erasable(page, before))
    if (page.length < size || isYoung(page, before, tx.at)) return { rows, after: rows.length === 0 ? 0 : first }
    last = page.at(-1)?.messageSeq ?? last
    if (rows.length === 0) first = last
    if (rows.length >= limit) break
  }
  return { rows, after: first }
}

/** What is said to be of the future was made while the clock was ahead: what comes behind it may be old all the same. */
const isYoung = (page: readonly Pick<Row, 'resolvedAt'>[], before: number, at: number): boolean => {
  const end = page.findLast(({ resolvedAt }) => (resolvedAt ?? 0) <= at)
  return end !== undefined && (end.resolvedAt ?? 0) >= before
}

const verificationsOf = (rows: readonly Row[]) => [...new Set(rows.map(({ verificationId }) => verificationId))]
const messagesOf = (rows: readonly Pick<Row, 'messageSeq'>[]) => rows.flatMap(({ messageSeq }) => messageSeq ?? [])

/** In the order of their locks. Whoever registers a serial once more waits, and then finds it gone. */
const lock = async (tx: Tx, rows: readonly Row[]): Promise<void> => {
  const ids = rows.map(({ id }) => id)
  const seqs = messagesOf(rows)
  await tx.rows('SELECT FROM verifications WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE', [
    verificationsOf(rows),
  ])
  await tx.rows('SELECT FROM registrations WHERE id = ANY($1) ORDER BY id FOR UPDATE', [ids])
  for (const table of ['message_bodies', 'deliveries'])
    await tx.rows(`SELECT FROM ${table} WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR UPDATE`, [seqs])
}

/** @returns how many it erased */
export const eraseEnded = async (tx: Tx, found: readonly Row[], before: number): Promise<number> => {
  await lock(tx, found)
  // Before that others may have erased one, or made its message due.
  const rows = erasable(await tx.rows<Row & Message>(THESE, [found.map(({ id }) => id)]), before)
  if (rows.length === 0) return 0
  await tx.rows('DELETE FROM registrations WHERE id = ANY($1)', [rows.map(({ id }) => id)])
  await tx.rows('DELETE FROM attempts WHERE message_seq = ANY($1::bigint[])', [messagesOf(rows)])
  for (const table of ['deliveries', 'message_bodies'])
    await tx.rows(`DELETE FROM ${table} WHERE seq = ANY($1::bigint[])`, [messagesOf(rows)])
  await eraseVerifications(tx, verificationsOf(rows))
  await eraseLanes(tx, [...new Set(rows.map(({ laneId }) => laneId))])
  return rows.length
}

/** Those of these, which are locked, that have no registration any more. */
const eraseVerifications = async (tx: Tx, ids: readonly number[]): Promise<void> => {
  const rows = await tx.rows<{ id: number }>(
    `SELECT v.id FROM unnest($1::bigint[]) AS v(id)
       CROSS JOIN LATERAL (SELECT FROM registrations r WHERE r.verification_id = v.id LIMIT 1) AS one`,
    [ids],
  )
  const used = new Set(rows.map(({ id }) => id))
  await tx.rows('DELETE FROM verifications WHERE id = ANY($1::bigint[])', [ids.filter(id => !used.has(id))])
}

/** One seek each. */
const unusedLanes = async (tx: Tx, ids: readonly number[]): Promise<number[]> => {
  const rows = await tx.rows<{ id: number; hasRegistration: boolean; hasDueMessage: boolean }>(
    `SELECT l.id, EXISTS (SELECT FROM registrations r WHERE r.lane_id = l.id) AS "hasRegistration",
       EXISTS (SELECT FROM deliveries d WHERE d.lane_id = l.id AND d.due_at IS NOT NULL) AS "hasDueMessage"
     FROM unnest($1::bigint[]) AS l(id)`,
    [ids],
  )
  return rows.filter(isLaneUnused).map(({ id }) => id)
}

/** Whoever registers something for a lane holds that until the end of the transaction, so it is looked at once more when it is locked. */
const eraseLanes = async (tx: Tx, ids: readonly number[]): Promise<void> => {
  const unused = await unusedLanes(tx, ids)
  if (unused.length === 0) return
  await tx.rows('SELECT FROM lanes WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE', [unused])
  await tx.rows('DELETE FROM lanes WHERE id = ANY($1::bigint[])', [await unusedLanes(tx, unused)])
}
