import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openConnection } from '../../../src/store/postgres/connection.ts'
import { noPooler, openPooler } from '../../support/pgbouncer.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openTransactionPooler } from '../../support/transaction-pooler.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
  await server.query('CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL)')
  await server.query('INSERT INTO rows SELECT id, 0 FROM generate_series(1, 20) AS id')
})
afterAll(() => server[Symbol.asyncDispose]())

test('G11: works behind a pooler in transaction mode, which keeps neither prepared statements nor sessions', async () => {
  await using pooler = await openTransactionPooler(server, 2)
  const open = () =>
    openConnection({ url: pooler.urlOf('postgres'), now: Date.now, hasDatabaseClock: true, sleep, connections: 4 })
  const nodes = [open(), open()]
  const count = (id: number) =>
    nodes.map(({ write }, n) =>
      write(async tx => {
        await tx.lock([`row ${id}`])
        await tx.rows(`UPDATE rows SET n = n + $2 WHERE id = $1`, [id, n + 1])
        // Of the same shape, and of another node's making.
        await tx.rows(`UPDATE rows SET n = n - $2 + ${n} WHERE id = $1`, [id, n])
      }),
    )
  await Promise.all(Array.from({ length: 20 }, (_, id) => count(id + 1)).flat())
  const all = await nodes[0]?.read(tx => tx.rows('SELECT DISTINCT n FROM rows'))
  expect(all).toEqual([{ n: 3 }])
  const left = await server.query("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'")
  expect(left).toEqual([{ n: 0 }])
  await Promise.all(nodes.map(({ close }) => close()))
})

test('a pooler that was busy for two seconds was taken for a dead server, and every connection opened anew', async context => {
  if (noPooler !== null) return context.skip(noPooler)
  await using pooler = await openPooler(server)
  const url = pooler.urlOf('postgres')
  const connection = openConnection({ url, now: Date.now, hasDatabaseClock: true, sleep, connections: 5 })
  onTestFinished(connection.close)
  const opened = vi.spyOn(pg.Client.prototype, 'connect')
  onTestFinished(() => opened.mockRestore())
  // The pooler has four connections of the server, so the last one waits.
  const together = (seconds: number) =>
    Promise.all([1, 1, 1, 1, 0].map(share => connection.write(tx => tx.rows('SELECT pg_sleep($1)', [share * seconds]))))
  for (const seconds of [0.01, 2.2, 0.01]) await together(seconds)
  expect(opened).toHaveBeenCalledTimes(5 + 1)
})
