import { ENDED_WITHOUT_VERDICT } from '../../../../src/core/registration.ts'
import type { Tables } from '../memory/tables.ts'
import { urlKey } from '../memory/tables.ts'
import type { Pair } from './pair.ts'

/** What never holds in a database, whatever happened: how many rows break it. */
const BROKEN_IN_SQL = {
  'a lane is due later than its first message': `
    SELECT count(*) FROM messages m JOIN lanes l ON l.id = m.lane_id
    WHERE m.due_at IS NOT NULL AND (l.due_at IS NULL OR l.due_at > m.due_at)`,
  'a pending registration waits for a verification that is never asked about': `
    SELECT count(*) FROM registrations r JOIN verifications v ON v.id = r.verification_id
    WHERE r.status = 'pending' AND v.due_at IS NULL`,
  'a pair of serial and URL has two live registrations': `
    SELECT count(*) FROM (SELECT 1 FROM registrations WHERE status NOT IN ('unresolved', 'cancelled')
      GROUP BY verification_id, callback_url HAVING count(*) > 1)`,
  'a registration has two messages': `
    SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY registration_id HAVING count(*) > 1)`,
  'a registration has ended and has no message': `
    SELECT count(*) FROM registrations r LEFT JOIN messages m ON m.seq = r.message_seq
    WHERE r.status NOT IN ('pending', 'cancelled') AND m.registration_id IS NOT r.id`,
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
  'a trigger counts other rows than there are': `
    SELECT (SELECT count(*) FROM (
      SELECT account_id, waiting, leased FROM verification_counts WHERE waiting <> 0 OR leased <> 0
      EXCEPT SELECT account_id, count(due_at), count(claimed_at) FROM verifications GROUP BY account_id))
    + (SELECT count(*) FROM (
      SELECT account_id, count(due_at), count(claimed_at) FROM verifications WHERE due_at IS NOT NULL GROUP BY account_id
      EXCEPT SELECT account_id, waiting, leased FROM verification_counts))
    + (SELECT count(*) FROM (SELECT pending, succeeded, failed, unresolved, cancelled FROM registration_counts
      EXCEPT SELECT count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'succeeded'),
        count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'unresolved'),
        count(*) FILTER (WHERE status = 'cancelled') FROM registrations))
    + (SELECT count(*) FROM (SELECT waiting, leased, held, delivered, exhausted FROM message_counts
      EXCEPT SELECT count(*) FILTER (WHERE due_at IS NOT NULL AND claimed_at IS NULL), count(claimed_at),
        count(*) FILTER (WHERE state = 'pending' AND due_at IS NULL), count(*) FILTER (WHERE state = 'delivered'),
        count(*) FILTER (WHERE state = 'exhausted') FROM messages))
    + (SELECT count(*) FROM (SELECT partner_id, hour, registrations FROM partner_hours
      EXCEPT SELECT partner_id, created_at / 3600000, count(*) FROM registrations GROUP BY 1, 2))
    + (SELECT count(*) FROM partner_counts c
      WHERE pending <> (SELECT count(*) FROM registrations r WHERE r.partner_id = c.partner_id AND status = 'pending')
        OR hosts <> (SELECT count(*) FROM lanes l WHERE l.partner_id = c.partner_id))`,
}
type Invariant = keyof typeof BROKEN_IN_SQL
const INVARIANTS = Object.keys(BROKEN_IN_SQL) as Invariant[]

const twice = (keys: readonly string[]): number => keys.length - new Set(keys).size
const isEndedWithoutVerdict = (status: string): boolean => (ENDED_WITHOUT_VERDICT as readonly string[]).includes(status)

/** The same of the reference's maps. */
const BROKEN_IN_MAPS: Record<Invariant, (tables: Tables) => number> = {
  'a lane is due later than its first message': ({ messages, lanes }) =>
    messages.where(({ dueAt, laneId }) => {
      const lane = lanes.get(laneId)
      return dueAt !== null && lane !== undefined && (lane.dueAt === null || lane.dueAt > dueAt)
    }).length,
  'a pending registration waits for a verification that is never asked about': ({ registrations, verifications }) =>
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
  'a trigger counts other rows than there are': () => 0,
}

/** Throws where a rule that always holds is broken, on either side. */
export const createInvariants = ({ client, tables, expectEqual }: Pair) => {
  const columns = INVARIANTS.map(name => `(${BROKEN_IN_SQL[name]}) AS "${name}"`)
  const statement = client.prepare<[], Record<string, number>>(`SELECT ${columns.join(', ')}`)
  const none = Object.fromEntries(INVARIANTS.map(name => [name, 0]))
  return (): void => {
    const ofReference = Object.fromEntries(INVARIANTS.map(name => [name, BROKEN_IN_MAPS[name](tables)]))
    expectEqual('what must never be (rows)', { ...statement.get() }, none)
    expectEqual('what must never be (rows; the reference is below)', none, ofReference)
  }
}
