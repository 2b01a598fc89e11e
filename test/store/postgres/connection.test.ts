import { describe, expect, test } from 'vitest'
import { TIME_LIMITS } from '../../../src/store/postgres/pool.ts'
import { openDatabaseLink } from '../../support/database-link.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { count, open, openOwnRow, timed, UNAVAILABLE, useRows } from './support.ts'

const { server, database, counted } = useRows()

/** What a busy machine adds. */
const SLACK_MS = 8_000

const isCommit = (sent: string) => sent.includes('COMMIT\0')

describe('a connection to PostgreSQL', () => {
  test('G1: works again by itself after the server has crashed', async () => {
    await using own = await openOwnRow()
    await using connection = await open(own.urlOf('postgres'))
    await count(connection)
    await own.crash()
    await expect(count(connection)).rejects.toMatchObject(UNAVAILABLE)
    await own.start()
    await count(connection)
    expect(await own.query('SELECT n FROM rows')).toEqual([{ n: 2 }])
  })

  test('G1: outlives a server that ends a session between two statements', async () => {
    await using connection = await open(database.url)
    let tries = 0
    await connection.write(async tx => {
      const [row] = await tx.all<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      if (++tries === 1) {
        await database.query('SELECT pg_terminate_backend($1)', [row?.pid])
        await expect.poll(() => database.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [row?.pid])).toEqual([])
      }
      await tx.all('UPDATE rows SET n = n + 1 WHERE id = 1')
    })
    expect(tries).toBe(2)
    expect(await counted()).toBe(1)
  })

  test.each([
    { what: 'the answer', fate: 'lose answer', recorded: 1 },
    { what: 'the request', fate: 'lose', recorded: 0 },
  ] as const)(
    'G2: is unavailable when the connection is cut with $what of COMMIT, and does not repeat it',
    async ({ fate, recorded }) => {
      await using link = await openDatabaseLink(server)
      await using connection = await open(link.urlOf(database.name))
      link.judge = sent => (isCommit(sent) ? fate : 'pass')
      await expect(count(connection)).rejects.toMatchObject(UNAVAILABLE)
      expect(await counted()).toBe(recorded)
      link.judge = () => 'pass'
      await count(connection)
    },
  )

  test('G4: finds out by its next BEGIN that a connection is dead', async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database.name), { connections: 1 })
    await count(connection)
    link.silence()
    expect(await timed(() => count(connection))).toBeLessThan(TIME_LIMITS.beginMs + SLACK_MS)
    expect(await counted()).toBe(2)
  })

  test('G4: gives a statement up that the server does not answer', async () => {
    await using link = await openDatabaseLink(server)
    await using connection = await open(link.urlOf(database.name), { limits: SHORT_LIMITS })
    const elapsed = await timed(() =>
      expect(
        connection.write(async tx => {
          link.silence(true)
          await tx.all('UPDATE rows SET n = n + 1 WHERE id = 1')
        }),
      ).rejects.toMatchObject(UNAVAILABLE),
    )
    const { answerMs, connectMs } = SHORT_LIMITS
    expect(elapsed).toBeLessThan(answerMs + connectMs + SLACK_MS)
    link.heal()
    await count(connection)
    // The server has ended the transaction that nobody went on with, though its lock would have been in the way.
    expect(await counted()).toBe(1)
  })
})
