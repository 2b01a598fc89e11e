import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { TIME_LIMITS } from '../../../src/store/postgres/pool.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { count, open, openOwnRow, timed, useRows } from './support.ts'

const { database, counted } = useRows()
const atOnce = async () => {}

test('the limits of the service are the ones in docs/postgresql.md', () => {
  const { statementMs, lockMs, idleMs, beginMs, connectMs, answerMs } = TIME_LIMITS
  // Within seconds; a call under way, within a quarter of a minute.
  expect(beginMs + connectMs).toBeLessThan(10 * SECOND)
  expect(answerMs).toBeLessThan(15 * SECOND)
  // The server ends what a node has begun that has vanished, within half a minute.
  expect(idleMs).toBeLessThan(30 * SECOND)
  // As long as `/readyz` waits for a table.
  expect(lockMs).toBe(3 * SECOND)
  // The server ends what a node leaves behind before that is given up here.
  expect(Math.max(lockMs, statementMs, idleMs)).toBeLessThan(answerMs)
})

describe('a connection to PostgreSQL', () => {
  test('G5: a call that finds no connection free fails within its time', async () => {
    await using connection = await open(database.url, { connections: 1, limits: SHORT_LIMITS })
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = connection.write(() => promise)
    const elapsed = await timed(() => expect(count(connection)).rejects.toThrow('EXHAUSTED'))
    expect(elapsed).toBeLessThan(2 * SHORT_LIMITS.connectMs)
    await count(connection.loops)
    resolve()
    await first
    await count(connection)
  })

  test('G6: calls that wait for the lock of another session fail in time, and leave none behind', async () => {
    await using connection = await open(database.url, { connections: 2, limits: SHORT_LIMITS })
    await using operator = await open(database.url, { connections: 1 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const { promise: locked, resolve: haveLocked } = Promise.withResolvers<void>()
    const holding = operator.write(async tx => {
      await tx.all('LOCK TABLE rows')
      haveLocked()
      await promise
    })
    await locked
    const elapsed = await timed(async () => {
      const ends = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => count(connection)))
      expect(ends.map(({ status }) => status)).toEqual(Array(6).fill('rejected'))
    })
    expect(elapsed).toBeLessThan(6 * SHORT_LIMITS.lockMs)
    const [waiting] = await database.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )
    expect(waiting).toEqual({ n: 0 })
    resolve()
    await holding
    await count(connection)
    expect(await counted()).toBe(1)
  })

  test('G7: a deadlock is run again, by either victim', async () => {
    await database.query(`ALTER DATABASE "${database.name}" SET deadlock_timeout = '50ms'`)
    await using connection = await open(database.url)
    const met = Promise.withResolvers<void>()
    let arrived = 0
    const both = (first: number, second: number) =>
      connection.write(async tx => {
        // Has an answer, so it is waited for.
        await tx.all('UPDATE rows SET n = n + 1 WHERE id = @first RETURNING n', { first })
        if (++arrived === 2) met.resolve()
        await met.promise
        await tx.all('UPDATE rows SET n = n + 1 WHERE id = @second', { second })
      })
    await Promise.all([both(1, 2), both(2, 1)])
    expect(await counted()).toBe(4)
    // On a busy machine a second time, where it takes its row again before the other has it.
    expect(arrived).toBeGreaterThan(2)
  })

  test('G7: one that always fails is run five times only', async () => {
    await using connection = await open(database.url, { sleep: atOnce })
    let runs = 0
    const fail = connection.write(async tx => {
      runs++
      await tx.all(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`)
    })
    await expect(fail).rejects.toThrow('others keep it busy: 40001')
    expect(runs).toBe(5)
  })

  test.each(['XX000', 'XX001'])('a damaged row (%s) was shown as if it could be written later', async code => {
    await using connection = await open(database.url)
    const fail = connection.write(tx => tx.all(`DO $$ BEGIN RAISE SQLSTATE '${code}'; END $$`))
    await expect(fail).rejects.toMatchObject({ cause: { code } })
  })

  test('G14: a standby is neither read nor written, until it is the primary', { timeout: 30_000 }, async () => {
    await using own = await openOwnRow()
    await using connection = await open(own.urlOf('postgres'))
    await count(connection)
    await own.stop()
    writeFileSync(join(own.folder, 'data/standby.signal'), '')
    await own.start()
    const read = () => connection.read(tx => tx.all('SELECT n FROM rows'))
    await expect(read()).rejects.toThrow('it is read-only: 25006')
    await expect(count(connection)).rejects.toThrow('it is read-only: 25006')
    await own.query('SELECT pg_promote()')
    await count(connection)
    expect(await read()).toEqual([{ n: 2 }])
  })
})
