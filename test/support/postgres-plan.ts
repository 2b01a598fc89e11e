import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { types } from '../../src/store/postgres/pool.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openTx } from '../../src/store/postgres/tx.ts'
import type { Tx } from '../../src/store/tx.ts'
import { openOwnServer } from './postgres.ts'

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Plan[]
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

const textOf = (value: unknown): string => (Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : String(value))
const literal = (value: unknown): string =>
  Array.isArray(value)
    ? `'{${value.map(one => (one === null ? 'NULL' : JSON.stringify(textOf(one)))).join(',')}}'`
    : pg.escapeLiteral(textOf(value))

interface Statement {
  text: string
  values: readonly unknown[]
}

/** The statements that this runs in a transaction, which is rolled back. */
export const statementsOf = async (
  client: pg.Client,
  at: number,
  run: (tx: Tx) => Promise<unknown>,
): Promise<Statement[]> => {
  const statements: Statement[] = []
  const note = (text: string, values: readonly unknown[]) => {
    statements.push({ text, values })
    return client.query(text, [...values])
  }
  const record = async <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await note(text, values)).rows
  // The builder sends its statements itself.
  const builder = { query: ({ text }: { text: string }, values: unknown[]) => note(text, values) }
  await client.query('BEGIN')
  try {
    await run(openTx(record, { at, client: builder as unknown as pg.Client }))
  } finally {
    await client.query('ROLLBACK')
  }
  return statements
}

/** Runs it as a prepared statement, and rolls it back. Returns what it read. */
export const explain = async (
  client: pg.Client,
  text: string,
  { values, mode }: { values: readonly unknown[]; mode: 'custom' | 'generic' },
) => {
  await client.query(`BEGIN; SET LOCAL plan_cache_mode = force_${mode}_plan`)
  try {
    await client.query(`PREPARE explained AS ${text}`)
    const parameters = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained${parameters}`)
    const plan: Plan = rows[0]['QUERY PLAN'][0].Plan
    const nodes = nodesOf(plan)
    const scanned = nodes.filter(node => node['Node Type'] === 'Seq Scan').map(node => node['Relation Name'])
    const sorts = nodes.filter(node => node['Node Type'].includes('Sort')).map(node => node['Actual Rows'])
    return {
      // Partners and accounts are few, and all of them are in a few blocks.
      scanned: scanned.filter(name => name !== 'partners' && name !== 'accounts'),
      sorted: Math.max(0, ...sorts),
      blocks: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    }
  } finally {
    await client.query('ROLLBACK; DEALLOCATE explained')
  }
}

/** An empty database of today's schema, on a server of its own where only the test itself collects statistics. */
export const openPlanDatabase = async (): Promise<{ client: pg.Client } & AsyncDisposable> => {
  const server = await openOwnServer(['autovacuum=off'])
  const url = await server.createDatabase('plans')
  const options = { url, masterKey: randomBytes(32), random: randomBytes, now: Date.now, sleep, defaultRate: 5 }
  await (await openPostgresStore(options)).close()
  const client = new pg.Client({ connectionString: url, types })
  await client.connect()
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await server[Symbol.asyncDispose]()
    },
  }
}
