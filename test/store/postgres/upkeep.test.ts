import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { type Connection, openConnection } from '../../../src/store/postgres/connection.ts'
import { createFolding } from '../../../src/store/postgres/folding.ts'
import { startUpkeep } from '../../../src/store/postgres/upkeep.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { blocksOf } from '../../support/postgres-plan.ts'

let server: TestServer
let databases = 0
let database: string
let at = Date.parse('2026-11-26T08:00:00Z')

const TABLES = `
  CREATE TABLE counts (what text NOT NULL, owner text NOT NULL, n bigint NOT NULL, PRIMARY KEY (owner, what));
  CREATE TABLE count_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL, owner text NOT NULL, n bigint NOT NULL);
  CREATE INDEX count_changes_owner ON count_changes (owner)`

beforeAll(async () => {
  server = await openTestServer(['autovacuum=off'])
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  database = `upkeep_${++databases}`
  await server.createDatabase(database)
  for (const statement of TABLES.split(';')) await query(statement)
})

const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
  server.query<Row>(text, values, database)

const open = (): Connection => {
  const connection = openConnection({
    url: server.urlOf(database),
    now: () => at,
    hasDatabaseClock: false,
    sleep,
    connections: 4,
  })
  onTestFinished(() => connection.close())
  return connection
}

const change = (what: string, owner: string, n: number, times = 1) =>
  query('INSERT INTO count_changes (what, owner, n) SELECT $1, $2, $3 FROM generate_series(1, $4::int)', [
    what,
    owner,
    n,
    times,
  ])

const counts = () => query('SELECT what, owner, n::int FROM counts ORDER BY owner, what')
const changes = async () => (await query<{ n: number }>('SELECT count(*)::int AS n FROM count_changes'))[0]?.n

describe('upkeep of PostgreSQL', () => {
  test('folds what was counted into the counts, and keeps none that is empty', async () => {
    const connection = open()
    await change('waiting', 'a', 1, 12_000)
    await change('waiting', 'b', 1, 3)
    await change('waiting', 'b', -3)
    await createFolding(connection)(20)
    expect(await counts()).toEqual([{ what: 'waiting', owner: 'a', n: 12_000 }])
    expect(await changes()).toBe(0)
    await change('waiting', 'a', -12_000)
    await createFolding(connection)(20)
    expect(await counts()).toEqual([])
  })

  test('folds a bounded number at a time', async () => {
    await change('waiting', 'a', 1, 12_000)
    await createFolding(open())(1)
    expect(await changes()).toBe(7_000)
  })

  test('folds on several nodes at once without one lost, and nobody who reads the sum sees another', async () => {
    const nodes = [open(), open(), open()]
    const [reader] = nodes
    await change('waiting', 'a', 1, 9_000)
    for (const owner of ['b', 'c', 'd']) await change('waiting', owner, 2, 2_000)
    const sums: number[] = []
    const folding = Promise.all(nodes.map(node => createFolding(node)(20)))
    let isFolded = false
    void folding.then(() => {
      isFolded = true
    })
    while (!isFolded) {
      const rows = await reader?.read(tx =>
        tx.rows<{ n: number }>(
          'SELECT sum(n) AS n FROM (SELECT n FROM counts UNION ALL SELECT n FROM count_changes) AS counted',
        ),
      )
      sums.push(rows?.[0]?.n ?? 0)
    }
    await folding
    await createFolding(nodes[0] as Connection)(20)
    expect(new Set(sums)).toEqual(new Set([21_000]))
    expect(await counts()).toEqual([
      { what: 'waiting', owner: 'a', n: 9_000 },
      ...['b', 'c', 'd'].map(owner => ({ what: 'waiting', owner, n: 4_000 })),
    ])
  })

  /** A session of its own, in a transaction if it is told to begin one. */
  const openSession = async (begin = 'SELECT') => {
    const client = new pg.Client({ connectionString: server.urlOf(database) })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query(begin)
    return client
  }

  test('beside a transaction that stays open, reads what is folded once in a while, not each time', async () => {
    const client = await openSession()
    const [fold, idle] = [createFolding(open()), createFolding(open())]
    const read = async (folding: typeof fold) => {
      await change('waiting', 'a', 1)
      return blocksOf(client, /DELETE FROM count_changes/, () => folding(20))
    }
    await change('waiting', 'a', 1, 20_000)
    await query('ANALYZE count_changes')
    await openSession('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM count_changes LIMIT 1')
    await fold(20)
    await idle(20)
    expect(await read(fold)).toBeLessThan(60)
    expect(await read(idle)).toBeLessThan(60)
    at += MINUTE
    expect(await read(fold)).toBeGreaterThan(60)
  })

  test('folds within a minute what was committed after a newer change', async () => {
    const fold = createFolding(open())
    const late = await openSession("BEGIN; INSERT INTO count_changes (what, owner, n) VALUES ('waiting', 'late', 1)")
    await change('waiting', 'a', 1)
    await fold(20)
    await late.query('COMMIT')
    at += MINUTE
    await fold(20)
    expect(await changes()).toBe(0)
  })

  test('after a fail-over that has lost numbers of changes, folds those given again each time, not once a minute', async () => {
    const fold = createFolding(open())
    await change('waiting', 'a', 1, 1_000)
    await fold(20)
    await query("SELECT setval('count_changes_id_seq', 1)")
    await fold(20)
    await change('waiting', 'a', 1)
    await fold(20)
    expect(await changes()).toBe(0)
  })

  test('goes by itself, again after a failure, until it is closed', { timeout: 15_000 }, async () => {
    const upkeep = startUpkeep({ ...open(), sleep: ms => sleep(ms / 100) })
    onTestFinished(() => upkeep.close())
    await change('waiting', 'a', 1)
    await vi.waitFor(async () => expect(await changes()).toBe(0), { timeout: 5_000 })
    await server.crash()
    await server.start()
    await change('waiting', 'a', 1)
    await vi.waitFor(async () => expect(await changes()).toBe(0), { timeout: 10_000 })
    expect(await counts()).toEqual([{ what: 'waiting', owner: 'a', n: 2 }])
  })
})
