import type { Callback } from '../callbacks.ts'
import { byEnd, type EndedRegistration, isLaneUnused, mayErase, mayForgetPause } from '../rules/retention.ts'
import type { Store } from '../store.ts'
import { createCallbackPauses } from './callback-pauses.ts'
import { urlColumns } from './callback-urls.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { lockMessages } from './deliveries.ts'

interface Row extends Omit<EndedRegistration, 'message'>, Pick<Message, 'messageSeq'> {
  verificationId: number
  laneId: number
}
interface Message {
  messageSeq: number | null
  state: NonNullable<EndedRegistration['message']>['state'] | null
  dueAt: number | null
}
type Pause = Callback & { since: number }

/** Of pauses, secrets and bulk resends so many each are looked at in a batch. */
const REST_IN_A_BATCH = 1_000
/** So many pages of old messages are read in a transaction. Some wait to be sent however old they are, and stay. */
const PAGES_IN_A_LOOK = 20
/** Behind a page in which there was too little, one is larger by this: most of what is there waits. */
const LARGER_PAGE = 10
const PAUSES = 'SELECT partner_id AS "partnerId", callback_url AS "callbackUrl", since FROM callback_pauses'
/** In the order of their locks. */
const OF_URLS = `WHERE (partner_id, callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))
  ORDER BY partner_id, callback_url`
/** Before every URL. */
const FIRST: Callback = { partnerId: '', callbackUrl: '' }

/** Erases what is over and old, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ read, write }: Pick<Context, 'read' | 'write'>): Pick<Store, 'prune'> => {
  const pauses = createCallbackPauses()
  /** How far the pauses have been looked at; what was kept is looked at again in the next round. */
  let pausesAfter = FIRST
  /** Behind which message the first one is that may be erased, as far as is known. */
  let messagesAfter = 0

  const forgettable = async (
    tx: Tx,
    looked: readonly Pause[],
    { before, stays }: { before: number; stays: boolean },
  ): Promise<Pause[]> => {
    const isHolding = looked.length === 0 ? () => false : await pauses.holding(tx, looked, { stays })
    return looked.filter(pause => mayForgetPause({ ...pause, isHolding: isHolding(pause) }, before))
  }

  /** What there is to erase, `limit` at most; nothing: all was looked at, from the first message on. */
  const findEnded = async (before: number, limit: number): Promise<Found> => {
    let begunAt = messagesAfter
    while (true) {
      const found = await read(tx => find(tx, { before, limit, after: messagesAfter }))
      if (found.rows.length > 0 || (found.after === 0 && begunAt === 0)) return found
      messagesAfter = found.after
      if (found.after === 0) begunAt = 0
    }
  }

  /** What else there is to erase. */
  const survey = (before: number) =>
    read(async tx => {
      const page = await tx.rows<Pause>(
        `${PAUSES} WHERE (partner_id, callback_url) > ($1, $2) ORDER BY partner_id, callback_url LIMIT ${REST_IN_A_BATCH}`,
        [pausesAfter.partnerId, pausesAfter.callbackUrl],
      )
      const over = await forgettable(tx, page, { before, stays: false })
      return {
        pauses: page,
        hasRest: over.length > 0 || (await hasOld(tx, before)),
        nextPause: page.length < REST_IN_A_BATCH ? FIRST : (page.at(-1) ?? FIRST),
      }
    })

  const eraseRest = async (tx: Tx, looked: readonly Pause[], before: number): Promise<void> => {
    // Not those of the survey: since then the last message that a pause held may have been erased.
    const over = await forgettable(tx, looked, { before, stays: false })
    await tx.rows(`SELECT FROM callback_health ${OF_URLS} FOR UPDATE`, urlColumns(over))
    const left = await tx.rows<Pause>(`${PAUSES} ${OF_URLS} FOR UPDATE`, urlColumns(over))
    // A URL that was paused anew, or for which messages have been held meanwhile, keeps its pause.
    const urls = await forgettable(tx, left, { before, stays: true })
    await tx.rows(
      'DELETE FROM callback_health WHERE (partner_id, callback_url) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
      urlColumns(urls),
    )
    await pauses.forget(tx, urls)
    for (const remove of [REMOVE_SECRETS, REMOVE_RESENDS, REMOVE_HEALTH]) await tx.rows(remove, [before])
  }

  return {
    prune: async (before, limit) => {
      const ended = await findEnded(before, limit)
      const erased = ended.rows.length > 0 ? await write(tx => eraseEnded(tx, ended.rows, before)) : 0
      messagesAfter = ended.after
      if (erased === limit) return erased
      const { pauses: looked, hasRest, nextPause } = await survey(before)
      if (hasRest) await write(tx => eraseRest(tx, looked, before))
      pausesAfter = nextPause
      return erased
    },
  }
}

const messageOf = ({ state, dueAt }: Message): EndedRegistration['message'] => state && { state, dueAt }

const REGISTRATION = `r.id, r.verification_id AS "verificationId", r.lane_id AS "laneId", m.seq AS "messageSeq", m.state,
  m.due_at AS "dueAt", r.resolved_at AS "resolvedAt"`

/** Messages have their numbers in the order in which registrations end. A join may read all of a table. */
export const WITH_MESSAGE = `
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

interface Found {
  rows: (Row & Message)[]
  /** Behind which message to go on another time; 0: from the first on. */
  after: number
}

/** What may be erased, `limit` at most. */
const find = async (tx: Tx, search: Search): Promise<Found> => {
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
const messagesOf = (rows: readonly Row[]) => rows.flatMap(({ messageSeq }) => messageSeq ?? [])

/** How many it erased. */
const eraseEnded = async (tx: Tx, found: readonly Row[], before: number): Promise<number> => {
  // Whoever registers the serial once more waits, and then finds it gone.
  await tx.rows('SELECT FROM verifications WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE', [
    verificationsOf(found),
  ])
  await lockMessages(tx, messagesOf(found))
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

const OLD_SECRETS = 'signing_secrets WHERE expires_at IS NOT NULL AND expires_at < $1'
const OLD_RESENDS = 'bulk_resends WHERE done AND created_at < $1'
/** As `mayForgetHealth` says. */
const OLD_HEALTH = "callback_health WHERE state <> 'disabled' AND last_at < $1"

const hasOld = async (tx: Tx, before: number): Promise<boolean> => {
  const [row] = await tx.rows<{ hasOld: boolean }>(
    `SELECT EXISTS (SELECT FROM ${OLD_SECRETS}) OR EXISTS (SELECT FROM ${OLD_RESENDS}) OR EXISTS (SELECT FROM ${OLD_HEALTH})
       AS "hasOld"`,
    [before],
  )
  return row?.hasOld ?? false
}

const firstOf = (columns: string, old: string, order: string): string =>
  `SELECT ${columns} FROM ${old} ORDER BY ${order} LIMIT ${REST_IN_A_BATCH} FOR UPDATE SKIP LOCKED`
const REMOVE_SECRETS = `DELETE FROM signing_secrets WHERE id IN (${firstOf('id', OLD_SECRETS, 'expires_at')})`
const REMOVE_RESENDS = `DELETE FROM bulk_resends WHERE id IN (${firstOf('id', OLD_RESENDS, 'created_at')})`
const REMOVE_HEALTH = `
  DELETE FROM callback_health WHERE (partner_id, callback_url) IN (
    ${firstOf('partner_id, callback_url', OLD_HEALTH, 'last_at')})`
