import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { types } from '../../src/store/postgres/pool.ts'
import { openTx } from '../../src/store/postgres/tx.ts'
import type { Tx } from '../../src/store/tx.ts'
import { openOwnServer } from './postgres.ts'
import { useServer } from './postgres-server.ts'

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
const statementsOf = async (client: pg.Client, at: number, run: (tx: Tx) => Promise<unknown>): Promise<Statement[]> => {
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
const explain = async (
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

/**
 * A database of today's schema, on a server of its own where only the tests collect statistics. It is filled before the
 * first of them, without the triggers that count.
 */
export const usePlanDatabase = (fill: (client: pg.Client) => Promise<unknown>) => {
  const { newDatabase } = useServer({ open: () => openOwnServer(['autovacuum=off']), template: true })
  const database = {} as { client: pg.Client }
  beforeAll(async () => {
    database.client = new pg.Client({ connectionString: (await newDatabase()).url, types })
    await database.client.connect()
    await database.client.query('SET session_replication_role = replica')
    await fill(database.client)
    await database.client.query('SET session_replication_role = origin')
  })
  afterAll(() => database.client.end())
  return database
}

/** A registration waits for each serial. */
export const ADD_REGISTRATIONS = `
  INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at,
    expires_at)
  SELECT id, 0, 'reg_' || id, partner_id, 'https://partner.example/', 1, '{}', 'pending', 0, 0 FROM verifications`

/** `blocks`: at how many each of its statements may look. An index seek takes three or four, whatever the rows. */
export type PlanCase = readonly [name: string, blocks: number, run: (tx: Tx) => Promise<unknown>]

interface PlanLimits {
  /** The time of the transactions. */
  at: number
  /** How many rows a statement may sort. */
  sorted?: number
  /** Tables that are empty, so that reading all of them costs nothing. */
  empty?: readonly string[]
}

// The planner knows nothing of a table until its statistics are collected, and expects the worst or the best.
export const describePlans = (
  database: { client: pg.Client },
  cases: readonly PlanCase[],
  { at, sorted = Number.POSITIVE_INFINITY, empty = [] }: PlanLimits,
): void => {
  describe.each(['before', 'after'] as const)('%s statistics were collected', when => {
    beforeAll(async () => {
      if (when === 'after') await database.client.query('ANALYZE')
    })

    describe.each(['custom', 'generic'] as const)('with a %s plan', mode => {
      test.each(cases)('%s costs no more than what it takes', async (_name, blocks, run) => {
        const statements = await statementsOf(database.client, at, run)
        expect(statements).not.toEqual([])
        for (const { text, values } of statements) {
          const seen = await explain(database.client, text, { values, mode })
          const scanned = seen.scanned.filter(name => !empty.includes(name ?? ''))
          expect({ text, scanned }).toEqual({ text, scanned: [] })
          expect(seen.sorted).toBeLessThanOrEqual(sorted)
          expect(seen.blocks).toBeLessThanOrEqual(blocks)
        }
      })
    })
  })
}
