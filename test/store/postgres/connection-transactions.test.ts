import { eq } from 'drizzle-orm'
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { describe, expect, test } from 'vitest'
import { openDatabaseLink } from '../../support/database-link.ts'
import { count, open, useRows } from './support.ts'

const { server, database, counted } = useRows()

describe('a transaction of PostgreSQL', () => {
  test('commits durably though the database says otherwise', async () => {
    await database.query(`ALTER DATABASE "${database.name}" SET synchronous_commit = off`)
    await using connection = await open(database.url)
    const shown = await connection.write(tx => tx.all('SHOW synchronous_commit'))
    expect(shown).toEqual([{ synchronous_commit: 'on' }])
  })

  test('sends unawaited statements with its COMMIT, and reports their first error', async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database.name))
    await count(connection)
    const pieces: string[] = []
    link.judge = sent => {
      pieces.push(sent)
      return 'pass'
    }
    const change = (n: number | null) =>
      connection.write(async tx => {
        for (const id of [1, 2]) await tx.all('UPDATE rows SET n = @n WHERE id = @id', { n, id })
      })
    await change(7)
    expect(pieces.map(piece => /BEGIN|COMMIT/.exec(piece)?.[0])).toEqual(['BEGIN', 'COMMIT'])
    await expect(change(null)).rejects.toMatchObject({ cause: { code: '23502' } })
    expect(await counted()).toBe(14)
  })

  test('plans a statement once, except in a read', async () => {
    await using connection = await open(database.url, { connections: 1 })
    const plansOf = async (run: typeof connection.read) => {
      for (const id of [1, 2, 3]) await run(tx => tx.all('SELECT n FROM rows WHERE id = @id', { id }))
      const [plans] = await run(tx =>
        tx.all(`SELECT generic_plans::int AS once, custom_plans::int AS anew FROM pg_prepared_statements
          WHERE statement LIKE 'SELECT n FROM rows%'`),
      )
      return plans
    }
    expect(await plansOf(connection.loops.read)).toEqual({ once: 3, anew: 0 })
    expect(await plansOf(connection.read)).toEqual({ once: 0, anew: 3 })
    expect(await plansOf(connection.write)).toEqual({ once: 3, anew: 3 })
  })

  test('that reads sees a snapshot of its start, despite later commits', async () => {
    await using connection = await open(database.url)
    const seen = await connection.read(async tx => {
      const sum = () => tx.all('SELECT sum(n)::int AS n FROM rows')
      return [await sum(), await count(connection), await sum()]
    })
    expect([seen[0], seen[2], await counted()]).toEqual([[{ n: 0 }], [{ n: 0 }], 1])
  })

  test('keeps nothing in a session', async () => {
    await using connection = await open(database.url, { connections: 1 })
    const [before] = await connection.write(tx => tx.all('SHOW lock_timeout'))
    expect(before).toEqual({ lock_timeout: '3s' })
    const [after] = await database.query(
      `SELECT count(*)::int AS locks FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    expect(after).toEqual({ locks: 0 })
  })

  test.each([
    {
      what: 'a statement',
      run: 'SELECT marker_of_a_statement FROM rows WHERE id = @id',
      values: { id: '8f3a-marker' },
    },
    { what: 'a value', run: 'INSERT INTO rows VALUES (@id, @n)', values: { id: '8f3a-marker', n: 0 } },
    { what: 'a row', run: 'INSERT INTO rows VALUES (77123, NULL)', values: {} },
  ])('shows nothing of $what in an error', async ({ run, values }) => {
    await using connection = await open(database.url)
    const error = await connection.write(tx => tx.all(run, values)).catch((error: unknown) => error)
    expect(String((error as Error).stack)).toMatch(/PostgreSQL refuses a statement: \w{5}/)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/marker|77123|rows/)
  })

  test('tells nothing of the statements that drizzle makes', async () => {
    await using connection = await open(database.url)
    const table = pgTable('rows', { id: integer('id'), n: integer('n') })
    const run = (n: unknown) =>
      connection.read(({ select }) =>
        select()
          .from(table)
          .where(eq(table.n, n as number)),
      )
    for (const n of ['8f3a-marker', 2 ** 40]) {
      const error = await run(n).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(Error)
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/marker|rows|insert|1099511627776/i)
      expect((error as Error).cause).toEqual({ code: expect.stringMatching(/^22\w{3}$/) })
    }
  })

  test('throws an error of its own code as it is, and undoes the rest', async () => {
    await using connection = await open(database.url)
    const wrong = new TypeError('wrong')
    const run = connection.write(async tx => {
      await tx.all('UPDATE rows SET n = 5')
      throw wrong
    })
    await expect(run).rejects.toBe(wrong)
    expect(await counted()).toBe(0)
  })
})
