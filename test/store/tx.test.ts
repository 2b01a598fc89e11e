import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { desc, eq } from '../../src/store/drizzle.ts'
import { openConnection as openPostgres } from '../../src/store/postgres/connection.ts'
import { bringUpToDate } from '../../src/store/postgres/opening.ts'
import { sealedUnder } from '../../src/store/sealed.ts'
import { openConnection as openSqlite } from '../../src/store/sqlite/connection.ts'
import { bringUpToDate as bringFileUpToDate } from '../../src/store/sqlite/opening.ts'
import type { Sql, Transactions } from '../../src/store/tx.ts'
import { openTestServer } from '../support/postgres.ts'

type Opened = Transactions & { close(): Promise<void> }

const PREPARED = { sealed: sealedUnder({ masterKey: randomBytes(32) }, randomBytes), onStep: () => {} }

const openInMemory = async (): Promise<Opened> => {
  const connection = openSqlite(':memory:', { now: () => 7, onBroken: () => {} })
  await bringFileUpToDate(connection, { ...PREPARED, quickCheck: false, isReader: false })
  return connection
}

const openOnServer = async (): Promise<Opened> => {
  const server = await openTestServer()
  const url = await server.createDatabase('tx')
  await bringUpToDate(url, PREPARED)
  const connection = openPostgres({ url, now: () => 7, hasDatabaseClock: false, sleep, connections: 2 })
  return { ...connection, close: () => connection.close().then(() => server[Symbol.asyncDispose]()) }
}

const LANE = { host: 'a.example', slow: false, proven: true, dueAt: null }
const OF_HOSTS: Sql = d => `
  SELECT hosts.nth AS place, l.id, l.slow, l.due_at IS NULL AS "isIdle" FROM ${d.rows('hosts', { partnerId: 'text', host: 'text' })}
    JOIN lanes l ON l.partner_id = hosts.partner_id AND l.host = hosts.host ORDER BY hosts.nth`
const READ_IDS: Sql = d => `SELECT id, host FROM lanes WHERE id IN ${d.list('ids', 'int8')}`
const LOCK_IDS: Sql = d =>
  `SELECT id, host FROM lanes WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate()}`

describe.each([
  ['SQLite', openInMemory],
  ['PostgreSQL', openOnServer],
])('a transaction of %s', (_, open) => {
  let opened: Opened
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.close())
  const add = (partnerId: string, hosts: readonly string[]) =>
    opened.write(tx =>
      tx.insert(
        'lanes',
        hosts.map(host => ({ ...LANE, partnerId, host })),
      ),
    )

  test('gives inserted rows their ids in their order', async () => {
    const ids = await add('inserted', ['z.example', 'a.example', 'm.example'])
    const rows = await opened.read(tx => tx.all<{ id: number; host: string }>(READ_IDS, { ids }))
    expect(ids.map(id => rows.find(row => row.id === id)?.host)).toEqual(['z.example', 'a.example', 'm.example'])
  })

  test('takes rows and lists as parameters, and has flags as booleans', async () => {
    const [b, a] = await add('asked', ['b.example', 'a.example'])
    const hosts = ['a.example', 'nowhere.example', 'b.example'].map(host => ({ partnerId: 'asked', host }))
    const rows = await opened.write(tx => tx.all(OF_HOSTS, { hosts }))
    expect(rows).toEqual([
      { place: 1, id: a, slow: false, isIdle: true },
      { place: 3, id: b, slow: false, isIdle: true },
    ])
    expect(await opened.write(tx => tx.all(LOCK_IDS, { ids: [] }))).toEqual([])
  })

  test('runs a statement once for each of its values', async () => {
    await add('each-1', ['a.example', 'b.example', 'c.example'])
    await add('each-2', ['d.example'])
    const first = 'SELECT host FROM lanes WHERE partner_id = @partnerId AND slow = @slow ORDER BY host LIMIT @most'
    const asked = ['each-1', 'nobody', 'each-2'].map(partnerId => ({ partnerId, slow: false, most: 2 }))
    const rows = await opened.read(tx => tx.each<{ host: string }>(first, asked))
    expect(rows.map(some => some.map(({ host }) => host))).toEqual([['a.example', 'b.example'], [], ['d.example']])
  })

  test('updates rows by their keys', async () => {
    const [one, two] = (await add('updated', ['a.example', 'b.example'])) as [number, number]
    await opened.write(tx =>
      tx.update(
        'lanes',
        ['id'],
        [
          { id: one, dueAt: 5, slow: true },
          { id: two, dueAt: null, slow: false },
        ],
      ),
    )
    const lanes = await opened.read(({ select, schema: { lanes } }) => select().from(lanes))
    expect(lanes.find(({ id }) => id === one)).toMatchObject({
      dueAt: 5,
      slow: true,
      proven: true,
      partnerId: 'updated',
    })
    expect(lanes.find(({ id }) => id === two)).toMatchObject({ dueAt: null, slow: false })
  })

  test('reads through the builder the written values: flags, JSON, bytes, fractions and NULL', async () => {
    const node = {
      ...{ id: 'node_1', name: 'a:80', version: '1', settings: 's', key: 'k', roles: ['api'] as const },
      ...{ startedAt: 2 ** 42, seenAt: 2, steadyAt: 3, lostAt: null, clockAheadMs: -5, answers: null },
    }
    const account = { id: 'acc_1', apiId: 'cf_1', apiKey: Buffer.from([0, 255]), passwordMode: 'dynamic' as const }
    const state = {
      isDefault: true,
      rate: 0.5,
      createdAt: 1,
      allowedAt: 7.25,
      pausedAt: 4,
      pauseReason: 'operator' as const,
    }
    await opened.write(async tx => {
      await tx.insert('nodes', [node])
      await tx.insert('accounts', [{ ...account, ...state }])
    })
    await opened.read(async ({ select, schema: { accounts, nodes } }) => {
      expect(await select().from(nodes).where(eq(nodes.id, 'node_1'))).toEqual([node])
      const { apiKey, isDefault, rate, allowedAt, removedAt, probes } = accounts
      const some = { apiKey, isDefault, rate, allowedAt, removedAt, probes }
      const read = { apiKey: account.apiKey, isDefault: true, rate: 0.5, allowedAt: 7.25, removedAt: null, probes: 0 }
      expect(await select(some).from(accounts).where(eq(isDefault, true)).orderBy(desc(accounts.id)).limit(2)).toEqual([
        read,
      ])
    })
  })

  test('writes many rows as it writes few', async () => {
    const hosts = Array.from({ length: 19 }, (_, i) => `${(i * 7) % 19}.example`)
    const ids = await add('many', hosts)
    await opened.write(tx =>
      tx.update(
        'lanes',
        ['partnerId', 'id'],
        ids.map((id, i) => ({ id, partnerId: 'many', dueAt: i === 3 ? null : i, slow: i % 2 === 0 })),
      ),
    )
    const lanes = await opened.read(({ select, schema: { lanes } }) => select().from(lanes))
    const written = ids.map(id => lanes.find(lane => lane.id === id))
    expect(written.map(lane => lane?.host)).toEqual(hosts)
    expect(written.map(lane => lane?.dueAt)).toEqual(ids.map((_, i) => (i === 3 ? null : i)))
    expect(written.map(lane => lane?.slow)).toEqual(ids.map((_, i) => i % 2 === 0))
    expect(lanes.filter(({ partnerId, dueAt }) => partnerId !== 'many' && dueAt === 18)).toEqual([])
  })

  test('is undone as a whole, and no other with it', async () => {
    const wrong = new Error('wrong')
    const failing = opened.write(async tx => {
      await tx.insert('lanes', [{ ...LANE, partnerId: 'undone' }])
      throw wrong
    })
    const others = ['before.example', 'after.example'].map(host => add('kept', [host]))
    await expect(failing).rejects.toBe(wrong)
    await Promise.all(others)
    const hosts = await opened.read(tx =>
      tx.all('SELECT host FROM lanes WHERE partner_id IN (@a, @b) ORDER BY host', { a: 'undone', b: 'kept' }),
    )
    expect(hosts).toEqual([{ host: 'after.example' }, { host: 'before.example' }])
  })

  test('is not seen by earlier reads before it is committed', async () => {
    const seen: unknown[] = []
    const count = () =>
      opened
        .read(tx => tx.all("SELECT count(*) AS n FROM lanes WHERE partner_id = 'unseen'"))
        .then(([row]) => seen.push(row))
    const reads: Promise<unknown>[] = []
    await opened.write(async tx => {
      await tx.insert('lanes', [{ ...LANE, partnerId: 'unseen' }])
      reads.push(count())
      await tx.insert('lanes', [{ ...LANE, partnerId: 'unseen', host: 'b.example' }])
    })
    await Promise.all(reads)
    expect([{ n: 0 }, { n: 2 }]).toContainEqual(seen[0])
  })
})
