import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openConnection } from '../../../../src/store/postgres/connection.ts'
import { openPostgresStore } from '../../../../src/store/postgres/store.ts'
import { foldCounts } from '../../../../src/store/postgres/upkeep.ts'
import { openTestServer } from '../../../support/postgres.ts'
import { BROKEN_SQL, brokenIn } from '../invariants.ts'
import { type OpenEngine, type Row, STORED, selectAll, TABLES, type Table } from './engine.ts'

/** Before a transaction is run again the store pauses for so long at most; the one in its way here ends sooner. */
const AGAIN_WITHIN_MS = 1_000
const LONGEST_PAUSE_MS = 5

/** Two handles of one database, on a server of its own. */
export const openPostgresEngine: OpenEngine = async now => {
  const server = await openTestServer()
  const url = await server.createDatabase('model')
  const given = {
    ...{ url, now, hasDatabaseClock: false },
    sleep: (ms: number) => sleep(ms <= AGAIN_WITHIN_MS ? Math.min(ms, LONGEST_PAUSE_MS) : ms),
  }
  const options = { ...given, masterKey: Buffer.alloc(32, 7), random: randomBytes, defaultRate: 1_000 }
  const open = () => openPostgresStore(options)
  const handles = [await open(), await open()] as const
  const upkeep = openConnection({ ...given, connections: 2 })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  // The rows that are put back are not counted.
  await client.query('SET session_replication_role = replica')

  return {
    name: 'PostgreSQL',
    inTurn: false,
    handles,

    read: async () => {
      const { rows } = await client.query<Read>({ name: 'read', text: READ })
      const [{ tables, broken }] = rows as [Read]
      const all = TABLES.map(table => [table, tables[table] ?? []] as const)
      return { tables: Object.fromEntries(all) as Record<Table, Row[]>, broken: brokenIn(broken) }
    },

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

const SAVED = [...STORED, 'counts', 'count_changes']

interface Read {
  tables: Record<Table, Row[] | null>
  broken: object
}

/** Everything in one round trip. */
const READ = `
  SELECT json_build_object(${TABLES.map(
    table => `'${table}', (SELECT json_agg(one) FROM (${selectAll(table)}) AS one)`,
  ).join(', ')}) AS tables,
  (SELECT row_to_json(broken) FROM (${BROKEN_SQL}) AS broken) AS broken`
