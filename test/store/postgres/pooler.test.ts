import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConnection } from '../../../src/store/postgres/connection.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'
import { openTransactionPooler } from '../../support/transaction-pooler.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
  await server.createDatabase('pooled')
  await query('CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL)')
  await query('INSERT INTO rows SELECT id, 0 FROM generate_series(1, 20) AS id')
})
afterAll(() => server[Symbol.asyncDispose]())

const query = (text: string) => server.query(text, [], 'pooled')

test('G11: works behind a pooler in transaction mode, which keeps neither prepared statements nor sessions', async () => {
  await using pooler = await openTransactionPooler(server, 2)
  const open = () =>
    openConnection({ url: pooler.urlOf('pooled'), now: Date.now, hasDatabaseClock: true, sleep, connections: 4 })
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
  const left = await query(`SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
  expect(left).toEqual([{ n: 0 }])
  await Promise.all(nodes.map(({ close }) => close()))
})
