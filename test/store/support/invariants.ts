import Database from 'better-sqlite3'

/** What never holds in a database, whatever happened: how many rows break it, in the SQL of every engine. A name has at most 63 bytes. */
const BROKEN_IN_SQL = {
  'a lane is due later than its first message': `
    SELECT count(*) FROM messages m JOIN lanes l ON l.id = m.lane_id
    WHERE m.due_at IS NOT NULL AND (l.due_at IS NULL OR l.due_at > m.due_at)`,
  'a claim has no end': 'SELECT count(*) FROM deliveries WHERE claimed_at IS NOT NULL AND leased_until IS NULL',
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
  'a message is held and its URL is not held': `
    SELECT count(*) FROM messages m
      LEFT JOIN callbacks c ON c.partner_id = m.partner_id AND c.callback_url = m.callback_url
    WHERE m.state = 'pending' AND m.due_at IS NULL AND (c.state IS NULL OR c.state NOT IN ('disabled', 'gone', 'releasing'))`,
  'a lane has no registration': `
    SELECT count(*) FROM lanes l LEFT JOIN registrations r ON r.lane_id = l.id WHERE r.id IS NULL`,
  'a registration has a lane that is not there': `
    SELECT count(*) FROM registrations r LEFT JOIN lanes l ON l.id = r.lane_id WHERE l.id IS NULL`,
  'a resolved verification is due':
    'SELECT count(*) FROM verifications WHERE verdict IS NOT NULL AND due_at IS NOT NULL',
  'a message counts other attempts than there are': `
    SELECT count(*) FROM messages m
    WHERE CASE WHEN m.attempts > 50 THEN 50 ELSE m.attempts END
      <> (SELECT count(*) FROM attempts a WHERE a.message_seq = m.seq)`,
  'a partner has an event beyond its newest': `
    SELECT count(*) FROM messages m JOIN partners p ON p.id = m.partner_id WHERE m.event > p.events`,
}

/** What is counted, by whom, and how many there are. */
const COUNTED = `
  SELECT 'verifications_waiting', account_id, count(*) FROM verifications WHERE due_at IS NOT NULL AND claimed_at IS NULL GROUP BY 2
  UNION ALL SELECT 'verifications_leased', account_id, count(*) FROM verifications WHERE claimed_at IS NOT NULL GROUP BY 2
  UNION ALL SELECT 'partner_pending', partner_id, count(*) FROM registrations WHERE status = 'pending' GROUP BY 2
  UNION ALL SELECT 'partner_hour', partner_id || ' ' || (created_at / 3600000), count(*) FROM registrations GROUP BY 2
  UNION ALL SELECT 'messages_held', '', count(*) FROM messages WHERE state = 'pending' AND due_at IS NULL HAVING count(*) > 0
  UNION ALL SELECT 'messages_waiting', '', count(*) FROM messages WHERE due_at IS NOT NULL HAVING count(*) > 0
  UNION ALL SELECT 'partner_hosts', partner_id, count(*) FROM lanes GROUP BY 2`
const KEPT = `
  SELECT what, owner, sum(n) FROM current_counts GROUP BY what, owner HAVING sum(n) <> 0`
const differing = (these: string, those: string): string =>
  `(SELECT count(*) FROM (SELECT * FROM (${these}) AS these EXCEPT SELECT * FROM (${those}) AS those) AS differing)`
const WRONG = `SELECT ${differing(COUNTED, KEPT)} + ${differing(KEPT, COUNTED)}`

/** A statement that gives one row: how many rows break each, and how many counts that triggers keep are wrong. */
export const BROKEN_SQL = `SELECT ${Object.entries({
  ...BROKEN_IN_SQL,
  'a trigger counts other rows than there are': WRONG,
})
  .map(([name, statement]) => `CAST((${statement}) AS integer) AS "${name}"`)
  .join(', ')}`

/** What is broken, by its name. */
export const brokenIn = (row: object | undefined): string[] =>
  Object.entries(row ?? {}).flatMap(([name, rows]) => (rows === 0 ? [] : [name]))

/** What is broken in a file of SQLite. */
export const findInconsistencies = (path: string): string[] => {
  const client = new Database(path, { readonly: true })
  try {
    return brokenIn(client.prepare<[], object>(BROKEN_SQL).get())
  } finally {
    client.close()
  }
}
