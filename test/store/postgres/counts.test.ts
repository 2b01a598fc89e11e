import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Connection, openConnection } from '../../../src/store/postgres/connection.ts'
import { foldCounts } from '../../../src/store/postgres/upkeep.ts'
import { openOwnServer } from '../../support/postgres.ts'
import { pause, useDatabase } from '../../support/postgres-server.ts'

const { database } = useDatabase({ open: () => openOwnServer(['autovacuum=off']) })

const TABLES = `
  CREATE TABLE counts (what text NOT NULL, owner text NOT NULL, n bigint NOT NULL, PRIMARY KEY (owner, what));
  CREATE TABLE count_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL, owner text NOT NULL, n bigint NOT NULL);
  CREATE INDEX count_changes_owner ON count_changes (owner)`

beforeEach(async () => {
  for (const statement of TABLES.split(';')) await database.query(statement)
})

const open = (): Connection => {
  const connection = openConnection({
    url: database.url,
    now: Date.now,
    hasDatabaseClock: false,
    sleep: pause,
    connections: 4,
  })
  onTestFinished(() => connection.close())
  return connection
}

const change = (what: string, owner: string, n: number, times = 1) =>
  database.query('INSERT INTO count_changes (what, owner, n) SELECT $1, $2, $3 FROM generate_series(1, $4::int)', [
    what,
    owner,
    n,
    times,
  ])

const counts = () => database.query('SELECT what, owner, n::int FROM counts ORDER BY owner, what')
const changes = async () => (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM count_changes'))[0]?.n

describe('folding of counts', () => {
  test('folds the changes into the counts, and keeps no empty one', async () => {
    const connection = open()
    await change('waiting', 'a', 1, 12_000)
    await change('waiting', 'b', 1, 3)
    await change('waiting', 'b', -3)
    await foldCounts(connection, 20)
    expect(await counts()).toEqual([{ what: 'waiting', owner: 'a', n: 12_000 }])
    expect(await changes()).toBe(0)
    await change('waiting', 'a', -12_000)
    await foldCounts(connection, 20)
    expect(await counts()).toEqual([])
  })

  test('folds on several nodes at once without one lost, and readers always see the same sum', async () => {
    const nodes = [open(), open(), open()]
    const [reader] = nodes
    await change('waiting', 'a', 1, 9_000)
    for (const owner of ['b', 'c', 'd']) await change('waiting', owner, 2, 2_000)
    const sums: number[] = []
    const folding = Promise.all(nodes.map(node => foldCounts(node, 20)))
    let isFolded = false
    void folding.then(() => {
      isFolded = true
    })
    while (!isFolded) {
      const rows = await reader?.read(tx =>
        tx.all<{ n: number }>(
          'SELECT sum(n) AS n FROM (SELECT n FROM counts UNION ALL SELECT n FROM count_changes) AS counted',
        ),
      )
      sums.push(rows?.[0]?.n ?? 0)
    }
    await folding
    await foldCounts(nodes[0] as Connection, 20)
    expect(new Set(sums)).toEqual(new Set([21_000]))
    expect(await counts()).toEqual([
      { what: 'waiting', owner: 'a', n: 9_000 },
      ...['b', 'c', 'd'].map(owner => ({ what: 'waiting', owner, n: 4_000 })),
    ])
  })
})
