import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openConnection } from '../../../src/store/postgres/connection.ts'
import { openDatabaseLink } from '../../support/database-link.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { count, open, timed, UNAVAILABLE, useRows } from './support.ts'

const rows = useRows()

/** What a busy machine adds. */
const SLACK_MS = 1_000

const isCommit = (sent: string) => sent.includes('COMMIT\0')

describe('a connection to PostgreSQL', () => {
  test('G1: works again by itself after the server has crashed', async () => {
    await using connection = await open(rows.url())
    await count(connection)
    await rows.server().crash()
    await expect(count(connection)).rejects.toMatchObject(UNAVAILABLE)
    await rows.server().start()
    await count(connection)
    expect(await rows.counted()).toBe(2)
  })

  test('G1: outlives a server that ends a session between two statements', async () => {
    await using connection = await open(rows.url())
    let tries = 0
    await connection.write(async tx => {
      const [row] = await tx.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      if (++tries === 1) {
        await rows.query('SELECT pg_terminate_backend($1)', [row?.pid])
        await expect.poll(() => rows.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [row?.pid])).toEqual([])
      }
      await tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1')
    })
    expect(tries).toBe(2)
    expect(await rows.counted()).toBe(1)
  })

  test.each([
    { what: 'an answer', fate: 'lose answer' },
    { what: 'a request', fate: 'lose' },
  ] as const)('G2: writes once when the connection is cut with $what of COMMIT', async ({ fate }) => {
    await using link = await openDatabaseLink(rows.server())
    await using connection = await open(link.urlOf(rows.database()))
    let lost = 0
    link.judge = sent => (isCommit(sent) && lost++ === 0 ? fate : 'pass')
    await count(connection)
    expect(lost).toBeGreaterThan(0)
    expect(await rows.counted()).toBe(1)
  })

  test('G2: as many commits as there are connections may lose their answers at once', async () => {
    await using link = await openDatabaseLink(rows.server())
    await using connection = await open(link.urlOf(rows.database()), { connections: 2 })
    let lost = 0
    link.judge = sent => (isCommit(sent) && lost++ < 2 ? 'lose answer' : 'pass')
    const elapsed = await timed(() =>
      Promise.all([1, 2].map(id => connection.write(tx => tx.rows('UPDATE rows SET n = n + 1 WHERE id = $1', [id])))),
    )
    expect(await rows.counted()).toBe(2)
    expect(elapsed).toBeLessThan(2_000)
  })

  test('G2: says that it does not know, when the server cannot be asked in time', async () => {
    await using link = await openDatabaseLink(rows.server())
    const connection = openConnection({
      url: link.urlOf(rows.database()),
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
    await using connection = await open(rows.url())
    await using other = await open(rows.url())
    await count(other)
    const lost = connection.write(async tx => {
      const [row] = await tx.rows<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
      await tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1')
      await rows.server().crash()
      await rows.server().start()
      for (let i = 0; i < 20; i++) await other.write(one => one.rows('UPDATE rows SET n = n WHERE id = 2'))
      expect(await rows.query('SELECT pg_xact_status($1::text::xid8) AS is', [row?.xid])).toEqual([{ is: 'committed' }])
    })
    await expect(lost).rejects.toThrow('whether it has recorded the change is not known')
    expect(await rows.counted()).toBe(1)
  })

  test('G2: knows again what came of a commit in the life after a crash', async () => {
    await using link = await openDatabaseLink(rows.server())
    await using connection = await open(link.urlOf(rows.database()))
    await count(connection)
    await rows.server().crash()
    await rows.server().start()
    await count(connection)
    let lost = 0
    link.judge = sent => (isCommit(sent) && lost++ === 0 ? 'lose answer' : 'pass')
    await count(connection)
    expect(lost).toBeGreaterThan(0)
    expect(await rows.counted()).toBe(3)
  })

  test('G4: finds out at its next statement that a connection is dead, and opens all of them anew', async () => {
    await using link = await openDatabaseLink(rows.server())
    await using connection = await open(link.urlOf(rows.database()), { connections: 3 })
    const together = () => Promise.all([1, 2, 3].map(() => connection.read(tx => tx.rows('SELECT pg_sleep(0.1)'))))
    await together()
    link.silence()
    expect(await timed(() => count(connection))).toBeLessThan(3_000)
    expect(await timed(together)).toBeLessThan(1_000)
  })

  test('G4: gives a statement up that the server does not answer', async () => {
    await using link = await openDatabaseLink(rows.server())
    await using connection = await open(link.urlOf(rows.database()), { limits: SHORT_LIMITS })
    const elapsed = await timed(() =>
      expect(
        connection.write(async tx => {
          link.silence(true)
          await tx.rows('UPDATE rows SET n = n + 1 WHERE id = 1')
        }),
      ).rejects.toMatchObject(UNAVAILABLE),
    )
    const { answerMs, connectMs } = SHORT_LIMITS
    expect(elapsed).toBeLessThan(answerMs + connectMs + SLACK_MS)
    link.heal()
    await count(connection)
    // The server has ended the transaction that nobody went on with, though its lock would have been in the way.
    expect(await rows.counted()).toBe(1)
  })

  test('G4: says in time that it does not know what came of a commit', async () => {
    await using link = await openDatabaseLink(rows.server())
    await using connection = await open(link.urlOf(rows.database()), { limits: SHORT_LIMITS })
    link.judge = sent => {
      if (isCommit(sent)) link.silence(true)
      return 'pass'
    }
    const elapsed = await timed(() =>
      expect(count(connection)).rejects.toThrow('whether it has recorded the change is not known'),
    )
    const { answerMs, outcomeMs, connectMs } = SHORT_LIMITS
    expect(elapsed).toBeLessThan(answerMs + outcomeMs + connectMs + SLACK_MS)
  })
})
