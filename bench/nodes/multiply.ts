import { Client } from 'pg'
import { DAY } from '../../src/core/duration.ts'

/** Sealed texts open for the ids that they were made for alone, so no copy of a delivery may become due while claims are measured. */
const LATER_MS = 10 * DAY

/** The ids of copies: `$1` rows each. */
const REGISTRATION = (id: string) =>
  `left(${id}, -16) || lpad((right(${id}, 16)::bigint + k * $1::bigint)::text, 16, '0')`

const COPIES: readonly { table: string; columns: Readonly<Record<string, string>> }[] = [
  {
    table: 'verifications',
    columns: { id: 'id + k * $1::bigint', idcardid: '(left(idcardid, 2)::int + k)::text || substr(idcardid, 3)' },
  },
  {
    table: 'registrations',
    columns: {
      verification_id: 'verification_id + k * $1::bigint',
      id: REGISTRATION('id'),
      message_seq: 'message_seq + k * $1::bigint',
    },
  },
  {
    table: 'message_bodies',
    columns: {
      seq: 'seq + k * $1::bigint',
      event: 'event + k * $1::bigint',
      registration_id: REGISTRATION('registration_id'),
    },
  },
  {
    table: 'deliveries',
    columns: {
      seq: 'seq + k * $1::bigint',
      registration_id: REGISTRATION('registration_id'),
      due_at: `due_at + ${LATER_MS}`,
    },
  },
]

/** Multiplies the rows of a database with `rows` rows, as `fillDatabase` fills it, by `times`. */
export const multiply = async (connection: string, rows: number, times: number): Promise<void> => {
  const client = new Client({ connectionString: connection })
  await client.connect()
  // Without the triggers that count, and the indexes that are made in one go afterwards.
  await client.query("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
  for (const { table, columns } of COPIES) {
    const { rows: indexes } = await client.query<{ name: string; made: string }>(
      `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i
         LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
       WHERE i.indrelid = $1::regclass AND c.oid IS NULL`,
      [table],
    )
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)
    const { rows: named } = await client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table],
    )
    const names = named.map(({ name }) => name)
    await client.query(
      `INSERT INTO ${table} (${names.join(', ')}) OVERRIDING SYSTEM VALUE
       SELECT ${names.map(name => columns[name] ?? name).join(', ')} FROM ${table}, generate_series(1, $2::int) AS k`,
      [rows, times - 1],
    )
    for (const { made } of indexes) await client.query(made)
  }
  for (const [table, id] of Object.entries({ verifications: 'id', message_bodies: 'seq' }))
    await client.query(`SELECT setval(pg_get_serial_sequence('${table}', '${id}'), max(${id})) FROM ${table}`)
  await client.query('UPDATE partners SET events = events + $1::bigint * $2::int', [rows, times - 1])
  await client.query('VACUUM ANALYZE')
  await client.end()
}
