import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Connection, openConnection } from '../../../src/store/postgres/connection.ts'
import { openDatabaseLink } from '../../support/database-link.ts'
import { NEEDED_TABLE, openTestServer, type TestServer } from '../../support/postgres.ts'

let server: TestServer
let databases = 0
let database: string

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  database = `connection_${++databases}`
  await server.createDatabase(database)
  await query(`${NEEDED_TABLE}; CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL)`)
  await query('INSERT INTO rows VALUES (1, 0), (2, 0)')
})

const query = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
  server.query<Row>(text, values, database)

interface Options {
  connections?: number
  now?: () => number
}

const open = async (
  url: string,
  { connections = 5, now = Date.now }: Options = {},
): Promise<Connection & AsyncDisposable> => {
  const connection = openConnection({ url, now, hasDatabaseClock: true, sleep, connections })
  return { ...connection, [Symbol.asyncDispose]: connection.close }
}

const counted = async () => (await query<{ n: number }>('SELECT sum(n)::int AS n FROM rows'))[0]?.n

const count = ({ write }: Pick<Connection, 'write'>) => write(tx => tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1'))

const unavailable = { code: 'unavailable' }

const isCommit = (sent: string) => sent.includes('COMMIT\0')

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await run()
  return performance.now() - start
}

describe('a connection to PostgreSQL', () => {
  test('G1: works again by itself after the server has crashed', async () => {
    await using connection = await open(server.urlOf(database))
    await count(connection)
    await server.crash()
    await expect(count(connection)).rejects.toMatchObject(unavailable)
    await server.start()
    await count(connection)
    expect(await counted()).toBe(2)
  })

  test('G1: outlives a server that ends a session between two statements', async () => {
    await using connection = await open(server.urlOf(database))
    let tries = 0
    await connection.write(async tx => {
      const [row] = await tx.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      if (++tries === 1) await query('SELECT pg_terminate_backend($1)', [row?.pid])
      await sleep(50)
      await tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1')
    })
    expect(tries).toBe(2)
    expect(await counted()).toBe(1)
  })

  test.each([
    { what: 'an answer', fate: 'lose answer' },
    { what: 'a request', fate: 'lose' },
  ] as const)('G2: writes once when the connection is cut with $what of COMMIT', async ({ fate }) => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database))
    let lost = 0
    link.judge = sent => (isCommit(sent) && lost++ === 0 ? fate : 'pass')
    await count(connection)
    expect(lost).toBeGreaterThan(0)
    expect(await counted()).toBe(1)
  })

  test('G2: as many commits as there are connections may lose their answers at once', async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database), { connections: 2 })
    let lost = 0
    link.judge = sent => (isCommit(sent) && lost++ < 2 ? 'lose answer' : 'pass')
    const elapsed = await timed(() =>
      Promise.all([1, 2].map(id => connection.write(tx => tx.rows('UPDATE rows SET n = n + 1 WHERE id = $1', [id])))),
    )
    expect(await counted()).toBe(2)
    expect(elapsed).toBeLessThan(2_000)
  })

  test('G2: says that it does not know, when the server cannot be asked in time', async () => {
    await using link = await openDatabaseLink(server)
    const connection = openConnection({
      url: link.urlOf(database),
      now: Date.now,
      hasDatabaseClock: true,
      sleep: () => sleep(0),
      connections: 1,
    })
    let isGone = false
    link.judge = sent => {
      if (isCommit(sent)) isGone = true
      return isGone ? 'lose' : 'pass'
    }
    await expect(count(connection)).rejects.toThrow('whether it has recorded the change is not known')
    await connection.close()
  })

  test('G2: takes no commit for its own that got the same number after a crash', async () => {
    await using connection = await open(server.urlOf(database))
    await using other = await open(server.urlOf(database))
    await count(other)
    const lost = connection.write(async tx => {
      const [row] = await tx.rows<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
      await tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1')
      await server.crash()
      await server.start()
      for (let i = 0; i < 20; i++) await other.write(one => one.rows('UPDATE rows SET n = n WHERE id = 2'))
      expect(await query('SELECT pg_xact_status($1::text::xid8) AS is', [row?.xid])).toEqual([{ is: 'committed' }])
    })
    await expect(lost).rejects.toThrow('whether it has recorded the change is not known')
    expect(await counted()).toBe(1)
  })

  test('G2: knows again what came of a commit in the life after a crash', async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database))
    await count(connection)
    await server.crash()
    await server.start()
    await count(connection)
    let lost = 0
    link.judge = sent => (isCommit(sent) && lost++ === 0 ? 'lose answer' : 'pass')
    await count(connection)
    expect(lost).toBeGreaterThan(0)
    expect(await counted()).toBe(3)
  })

  test('G4: finds out at its next statement that a connection is dead, and opens all of them anew', async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database), { connections: 3 })
    const together = () => Promise.all([1, 2, 3].map(() => connection.read(tx => tx.rows('SELECT pg_sleep(0.1)'))))
    await together()
    link.silence()
    expect(await timed(() => count(connection))).toBeLessThan(3_000)
    expect(await timed(together)).toBeLessThan(1_000)
  })

  test('G4: gives a statement up that the server does not answer', { timeout: 30_000 }, async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database))
    const elapsed = await timed(() =>
      expect(
        connection.write(async tx => {
          link.silence(true)
          await tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1')
        }),
      ).rejects.toMatchObject(unavailable),
    )
    expect(elapsed).toBeLessThan(15_000)
    link.heal()
    await count(connection)
    // The server has ended the transaction that nobody went on with, though its lock would have been in the way.
    expect(await counted()).toBe(1)
  })

  test('G5: a call that finds no connection free fails within its time', async () => {
    await using connection = await open(server.urlOf(database), { connections: 1 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = connection.write(() => promise)
    const elapsed = await timed(() =>
      expect(count(connection)).rejects.toThrow('all connections of this node are in use'),
    )
    expect(elapsed).toBeLessThan(6_000)
    await count(connection.loops)
    resolve()
    await first
    await count(connection)
  })

  test('G5: a server without a connection left is told at once, and used again when it has one', async () => {
    await server.query(`ALTER DATABASE "${database}" CONNECTION LIMIT 0`)
    await server.query(`CREATE ROLE guest LOGIN`)
    await server.query('GRANT ALL ON rows, server_life TO guest', [], database)
    await using connection = await open(server.urlOf(database).replace('postgres@', 'guest@'))
    const elapsed = await timed(() => expect(count(connection)).rejects.toThrow('it has no connection left: 53300'))
    expect(elapsed).toBeLessThan(500)
    await server.query(`ALTER DATABASE "${database}" CONNECTION LIMIT 10`)
    await count(connection)
  })

  test('G6: calls that wait for the lock of another session fail in time, and leave none behind', async () => {
    await using connection = await open(server.urlOf(database), { connections: 2 })
    await using operator = await open(server.urlOf(database), { connections: 1 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const { promise: locked, resolve: haveLocked } = Promise.withResolvers<void>()
    const holding = operator.write(async tx => {
      await tx.rows('LOCK TABLE rows')
      haveLocked()
      await promise
    })
    await locked
    const elapsed = await timed(async () => {
      const ends = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => count(connection)))
      expect(ends.map(({ status }) => status)).toEqual(Array(6).fill('rejected'))
    })
    expect(elapsed).toBeLessThan(9_000)
    const [waiting] = await query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    )
    expect(waiting).toEqual({ n: 0 })
    resolve()
    await holding
    await count(connection)
    expect(await counted()).toBe(1)
  })

  test('G7: a deadlock is run again, by whoever is its victim', async () => {
    await using connection = await open(server.urlOf(database))
    const met = Promise.withResolvers<void>()
    let arrived = 0
    const both = (first: number, second: number) =>
      connection.write(async tx => {
        await tx.rows('UPDATE rows SET n = n + 1 WHERE id = $1', [first])
        if (++arrived === 2) met.resolve()
        await met.promise
        await tx.rows('UPDATE rows SET n = n + 1 WHERE id = $1', [second])
      })
    await Promise.all([both(1, 2), both(2, 1)])
    expect(await counted()).toBe(4)
    expect(arrived).toBe(3)
  })

  test('G7: what always fails so is run again five times only', async () => {
    await using connection = await open(server.urlOf(database))
    let runs = 0
    const fail = connection.write(async tx => {
      runs++
      await tx.rows(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`)
    })
    await expect(fail).rejects.toThrow('another session keeps it busy: 40001')
    expect(runs).toBe(5)
  })

  test('G14: a server that is read-only takes no writes, until a new connection finds one that does', async () => {
    await using connection = await open(server.urlOf(database), { connections: 1 })
    await server.query(`ALTER DATABASE "${database}" SET default_transaction_read_only = on`)
    await using late = await open(server.urlOf(database), { connections: 1 })
    const claim = ({ write }: Connection) => write(tx => tx.rows('SELECT id FROM rows FOR NO KEY UPDATE SKIP LOCKED'))
    await expect(claim(late)).rejects.toThrow('it is read-only: 25006')
    await server.query(`ALTER DATABASE "${database}" RESET default_transaction_read_only`)
    expect(await claim(late)).toHaveLength(2)
    expect(await claim(connection)).toHaveLength(2)
  })

  test('G14: a standby is neither read nor written, until it is the primary', { timeout: 30_000 }, async () => {
    await using own = await openTestServer()
    await own.query(`${NEEDED_TABLE}; CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL)`)
    await own.query('INSERT INTO rows VALUES (1, 0)')
    await using connection = await open(own.urlOf('postgres'))
    await count(connection)
    await own.stop()
    writeFileSync(join(own.folder, 'data/standby.signal'), '')
    await own.start()
    const read = () => connection.read(tx => tx.rows('SELECT n FROM rows'))
    await expect(read()).rejects.toThrow('it is read-only: 25006')
    await expect(count(connection)).rejects.toThrow('it is read-only: 25006')
    await own.query('SELECT pg_promote()')
    await count(connection)
    expect(await read()).toEqual([{ n: 2 }])
  })

  test('commits durably though the database says otherwise', async () => {
    await server.query(`ALTER DATABASE "${database}" SET synchronous_commit = off`)
    await using connection = await open(server.urlOf(database))
    const shown = await connection.write(tx => tx.rows('SHOW synchronous_commit'))
    expect(shown).toEqual([{ synchronous_commit: 'on' }])
  })

  test('keeps nothing in a session', async () => {
    await using connection = await open(server.urlOf(database), { connections: 1 })
    const [before] = await connection.write(tx => tx.rows('SHOW lock_timeout'))
    expect(before).toEqual({ lock_timeout: '3s' })
    const [after] = await query(
      `SELECT count(*)::int AS locks FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    expect(after).toEqual({ locks: 0 })
  })

  test.each([
    { what: 'a statement', run: 'SELECT marker_of_a_statement FROM rows WHERE id = $1', values: ['8f3a-marker'] },
    { what: 'a value', run: 'INSERT INTO rows VALUES ($1, $2)', values: ['8f3a-marker', 0] },
    { what: 'a row', run: 'INSERT INTO rows VALUES (77123, NULL)', values: [] },
  ])('tells nothing of $what in an error', async ({ run, values }) => {
    await using connection = await open(server.urlOf(database))
    const error = await connection.write(tx => tx.rows(run, values)).catch((error: unknown) => error)
    expect(String((error as Error).stack)).toMatch(/PostgreSQL refuses a statement: \w{5}/)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/marker|77123|rows/)
  })

  test('tells nothing of the statements that drizzle makes', async () => {
    await using connection = await open(server.urlOf(database))
    const rows = pgTable('rows', { id: integer('id'), n: integer('n') })
    const run = (n: unknown) => connection.write(({ db }) => db.insert(rows).values({ id: 1, n: n as number }))
    for (const n of ['8f3a-marker', 2 ** 40]) {
      const error = await run(n).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(Error)
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/marker|rows|insert|1099511627776/i)
      expect((error as Error).cause).toBeUndefined()
    }
  })

  test('an error in a transaction of the own code is told as it is, and undoes the rest', async () => {
    await using connection = await open(server.urlOf(database))
    const wrong = new TypeError('wrong')
    const run = connection.write(async tx => {
      await tx.rows('UPDATE rows SET n = 5')
      throw wrong
    })
    await expect(run).rejects.toBe(wrong)
    expect(await counted()).toBe(0)
  })
})
