import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openConnection } from '../../../../src/store/postgres/connection.ts'
import { foldCounts } from '../../../../src/store/postgres/counts.ts'
import { openPostgresStore } from '../../../../src/store/postgres/store.ts'
import { openTestServer } from '../../../support/postgres.ts'
import { NAMES, type Name, STORED, sqlOf, type Values } from './compared.ts'
import type { Contents, OpenEngine, Sequence } from './engine.ts'
import { brokenSql } from './invariants.ts'

/** Before a transaction is run again the store pauses for so long at most; who is in its way here is away sooner. */
const AGAIN_WITHIN_MS = 1_000
const LONGEST_PAUSE_MS = 5

/** Two handles of one database, on a server of its own. */
export const openPostgresEngine: OpenEngine = async options => {
  const server = await openTestServer()
  const url = await server.createDatabase('model')
  const given = {
    ...{ url, now: options.now, hasDatabaseClock: false },
    sleep: (ms: number) => sleep(ms <= AGAIN_WITHIN_MS ? Math.min(ms, LONGEST_PAUSE_MS) : ms),
  }
  const open = () => openPostgresStore({ ...options, ...given, masterKey: Buffer.alloc(32, 7), random: randomBytes })
  const handles = [await open(), await open()] as const
  const upkeep = openConnection({ ...given, connections: 2 })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  // Nothing that is put back is counted.
  await client.query('SET session_replication_role = replica')

  return {
    name: 'PostgreSQL',
    inTurn: false,
    handles,

    read: async (): Promise<Contents> => {
      const { rows } = await client.query<Read>({ name: 'read', text: READ })
      const [{ tables, broken }] = rows as [Read]
      const all = NAMES.map((name): [Name, Values[]] => [name, (tables[name] ?? []).map(asBits)])
      return { tables: Object.fromEntries(all) as Record<Name, Values[]>, broken }
    },

    newest: async () => {
      const { rows } = await client.query<Newest>({ name: 'newest', text: NEWEST })
      return (rows as [Newest])[0].numbers
    },

    skipTo: async () => {},
    // By two nodes at the same time.
    upkeep: () => Promise.all([foldCounts(upkeep, 1), foldCounts(upkeep, 1)]),

    save: async () => {
      await client.query('CREATE SCHEMA saved')
      for (const table of SAVED) await client.query(`CREATE TABLE saved.${table} AS TABLE ${table}`)
      const { rows } = await client.query<{ text: string }>(`
        SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename),
          coalesce(last_value, 1), last_value IS NOT NULL) AS text
        FROM pg_sequences WHERE schemaname = 'public'`)
      const statements = [
        ...SAVED.map(table => `DELETE FROM ${table}`),
        ...SAVED.map(table => `INSERT INTO ${table} OVERRIDING SYSTEM VALUE TABLE saved.${table}`),
        ...rows.map(({ text }) => text),
      ]
      return async suffix => {
        const rename = `UPDATE accounts SET id = id || ${pg.escapeLiteral(suffix)}`
        await client.query([...statements, rename].join(';\n'))
      }
    },

    [Symbol.asyncDispose]: async () => {
      for (const one of [...handles, upkeep]) await one.close()
      await client.end()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** The tables behind a view. */
const SAVED = [
  ...STORED.flatMap(table => (table === 'messages' ? ['message_bodies', 'deliveries'] : table)),
  ...['counts', 'count_changes'],
]

/** What is counted, by whom, and how many there are. */
const COUNTED = `
  SELECT 'verifications_waiting', account_id, count(*) FROM verifications WHERE due_at IS NOT NULL GROUP BY 2
  UNION ALL SELECT 'verifications_leased', account_id, count(*) FROM verifications WHERE claimed_at IS NOT NULL GROUP BY 2
  UNION ALL SELECT 'partner_pending', partner_id, count(*) FROM registrations WHERE status = 'pending' GROUP BY 2
  UNION ALL SELECT 'partner_hour', partner_id || ' ' || created_at / 3600000, count(*) FROM registrations GROUP BY 2
  UNION ALL SELECT 'messages_held', '', count(*) FROM messages WHERE state = 'pending' AND due_at IS NULL HAVING count(*) > 0
  UNION ALL SELECT 'messages_waiting', '', count(*) FROM messages WHERE due_at IS NOT NULL AND claimed_at IS NULL
    HAVING count(*) > 0
  UNION ALL SELECT 'messages_leased', '', count(*) FROM messages WHERE claimed_at IS NOT NULL HAVING count(*) > 0
  UNION ALL SELECT 'partner_hosts', partner_id, count(*) FROM lanes GROUP BY 2`
const KEPT = `
  SELECT what, owner, sum(n) FROM (SELECT what, owner, n FROM counts UNION ALL SELECT what, owner, n FROM count_changes) AS both_
  GROUP BY what, owner HAVING sum(n) <> 0`
const WRONG_COUNTS = `
  SELECT count(*) FROM (((${COUNTED}) EXCEPT (${KEPT})) UNION ALL ((${KEPT}) EXCEPT (${COUNTED}))) AS wrong`

interface Read {
  tables: Record<Name, unknown[][] | null>
  broken: Contents['broken']
}
const asBits = (row: readonly unknown[]): unknown[] =>
  row.map(value => (typeof value === 'boolean' ? Number(value) : value))

/** Everything in one round trip. */
const READ = `
  SELECT json_build_object(${NAMES.map(name => {
    const { columns, from } = sqlOf(name)
    return `'${name}', (SELECT json_agg(one.values) FROM (SELECT json_build_array(${columns.join(', ')}) AS values ${from}) AS one)`
  }).join(', ')}) AS tables,
  (SELECT row_to_json(broken) FROM (${brokenSql(WRONG_COUNTS)}) AS broken) AS broken`

interface Newest {
  numbers: Record<Sequence, number>
}
const NEWEST = `
  SELECT json_object_agg(sequence.name, coalesce(pg_sequence_last_value(sequence.counter::regclass), 0))
    AS numbers
  FROM (VALUES ('verifications', 'verifications_id_seq'), ('messages', 'message_bodies_seq_seq'), ('lanes', 'lanes_id_seq')) AS sequence(name, counter)`
