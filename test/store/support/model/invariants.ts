import { ENDED_WITHOUT_VERDICT } from '../../../../src/core/registration.ts'
import type { Tables } from '../memory/tables.ts'
import { urlKey } from '../memory/tables.ts'

/** What never holds in a database, whatever happened: how many rows break it, in the SQL of every engine. A name has at most 63 bytes. */
const BROKEN_IN_SQL = {
  'a lane is due later than its first message': `
    SELECT count(*) FROM messages m JOIN lanes l ON l.id = m.lane_id
    WHERE m.due_at IS NOT NULL AND (l.due_at IS NULL OR l.due_at > m.due_at)`,
  "a pending registration's verification is never asked about": `
    SELECT count(*) FROM registrations r JOIN verifications v ON v.id = r.verification_id
    WHERE r.status = 'pending' AND v.due_at IS NULL`,
  'a pair of serial and URL has two live registrations': `
    SELECT count(*) FROM (SELECT 1 FROM registrations WHERE status NOT IN ('unresolved', 'cancelled')
      GROUP BY verification_id, callback_url HAVING count(*) > 1) twice`,
  'a registration has two messages': `
    SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY registration_id HAVING count(*) > 1) twice`,
  'a registration has ended and has no message': `
    SELECT count(*) FROM registrations r LEFT JOIN messages m ON m.seq = r.message_seq
    WHERE r.status NOT IN ('pending', 'cancelled') AND m.registration_id IS DISTINCT FROM r.id`,
  'a message is held and its URL is not paused': `
    SELECT count(*) FROM messages m
      LEFT JOIN callback_pauses p ON p.partner_id = m.partner_id AND p.callback_url = m.callback_url
    WHERE m.state = 'pending' AND m.due_at IS NULL AND p.since IS NULL`,
  'a lane has no registration': `
    SELECT count(*) FROM lanes l LEFT JOIN registrations r ON r.lane_id = l.id WHERE r.id IS NULL`,
  'a registration has a lane that is not there': `
    SELECT count(*) FROM registrations r LEFT JOIN lanes l ON l.id = r.lane_id WHERE l.id IS NULL`,
  'a resolved verification is due':
    'SELECT count(*) FROM verifications WHERE verdict IS NOT NULL AND due_at IS NOT NULL',
  'a message counts other attempts than there are': `
    SELECT count(*) FROM messages m
    WHERE m.attempts <> (SELECT count(*) FROM attempts a WHERE a.message_seq = m.seq)`,
  'a partner has an event beyond its newest': `
    SELECT count(*) FROM messages m JOIN partners p ON p.id = m.partner_id WHERE m.event > p.events`,
}
/** Each engine keeps its counts in its own way. */
const COUNTS = 'a trigger counts other rows than there are'
export type Invariant = keyof typeof BROKEN_IN_SQL | typeof COUNTS
const INVARIANTS = [...Object.keys(BROKEN_IN_SQL), COUNTS] as Invariant[]

/**
 * A statement that gives one row, of how many rows break each.
 *
 * @param wrongCounts a statement that gives how many of the engine's counts are wrong
 */
export const brokenSql = (wrongCounts: string): string => {
  const statements: Record<Invariant, string> = { ...BROKEN_IN_SQL, [COUNTS]: wrongCounts }
  return `SELECT ${INVARIANTS.map(name => `(${statements[name]}) AS "${name}"`).join(', ')}`
}

const twice = (keys: readonly string[]): number => keys.length - new Set(keys).size
const isEndedWithoutVerdict = (status: string): boolean => (ENDED_WITHOUT_VERDICT as readonly string[]).includes(status)

/** The same of the reference's maps. */
const BROKEN_IN_MAPS: Record<Invariant, (tables: Tables) => number> = {
  'a lane is due later than its first message': ({ messages, lanes }) =>
    messages.where(({ dueAt, laneId }) => {
      const lane = lanes.get(laneId)
      return dueAt !== null && lane !== undefined && (lane.dueAt === null || lane.dueAt > dueAt)
    }).length,
  "a pending registration's verification is never asked about": ({ registrations, verifications }) =>
    registrations.where(
      ({ status, verificationId }) => status === 'pending' && verifications.get(verificationId)?.dueAt === null,
    ).length,
  'a pair of serial and URL has two live registrations': ({ registrations }) =>
    twice(
      registrations
        .where(({ status }) => !isEndedWithoutVerdict(status))
        .map(({ verificationId, callbackUrl }) => `${verificationId} ${callbackUrl}`),
    ),
  'a registration has two messages': ({ messages }) => twice(messages.all().map(one => one.registrationId)),
  'a registration has ended and has no message': ({ registrations, messages }) =>
    registrations.where(
      ({ id, status, messageSeq }) =>
        status !== 'pending' && status !== 'cancelled' && messages.get(messageSeq ?? 0)?.registrationId !== id,
    ).length,
  'a message is held and its URL is not paused': ({ messages, pauses }) =>
    messages.where(one => one.state === 'pending' && one.dueAt === null && !pauses.get(urlKey(one))).length,
  'a lane has no registration': ({ lanes, registrations }) => {
    const used = new Set(registrations.all().map(({ laneId }) => laneId))
    return lanes.where(({ id }) => !used.has(id)).length
  },
  'a registration has a lane that is not there': ({ lanes, registrations }) =>
    registrations.where(({ laneId }) => !lanes.get(laneId)).length,
  'a resolved verification is due': ({ verifications }) =>
    verifications.where(({ verdict, dueAt }) => verdict !== null && dueAt !== null).length,
  'a message counts other attempts than there are': ({ messages, attempts }) => {
    const counts = new Map<number, number>()
    for (const { messageSeq } of attempts.all()) counts.set(messageSeq, (counts.get(messageSeq) ?? 0) + 1)
    return messages.where(one => one.attempts !== (counts.get(one.seq) ?? 0)).length
  },
  'a partner has an event beyond its newest': ({ messages, partners }) =>
    messages.where(({ partnerId, event }) => event > (partners.get(partnerId)?.events ?? 0)).length,
  // It counts anew each time.
  [COUNTS]: () => 0,
}

const ofEach = (count: (name: Invariant) => number) =>
  Object.fromEntries(INVARIANTS.map(name => [name, count(name)])) as Record<Invariant, number>

export const NONE_BROKEN = ofEach(() => 0)
export const brokenOf = (tables: Tables): Record<Invariant, number> => ofEach(name => BROKEN_IN_MAPS[name](tables))
