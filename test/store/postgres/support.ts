import { beforeEach } from 'vitest'
import { type Connection, openConnection } from '../../../src/store/postgres/connection.ts'
import { TIME_LIMITS, type TimeLimits } from '../../../src/store/postgres/pool.ts'
import { openOwnServer } from '../../support/postgres.ts'
import { pause, useDatabase } from '../../support/postgres-server.ts'

interface Options {
  connections?: number
  now?: () => number
  limits?: TimeLimits
  sleep?: (ms: number) => Promise<unknown>
}

const CREATE_ROWS = 'CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL)'

/** A server that a test may end, with a row. */
export const openOwnRow = async () => {
  const own = await openOwnServer()
  await own.query(CREATE_ROWS)
  await own.query('INSERT INTO rows VALUES (1, 0)')
  return own
}

/** A server for the tests of a file, and before each of them a database with two rows. */
export const useRows = () => {
  const { server, database } = useDatabase()
  beforeEach(async () => {
    await database.query(CREATE_ROWS)
    await database.query('INSERT INTO rows VALUES (1, 0), (2, 0)')
  })
  return {
    server,
    database,
    counted: async () => (await database.query<{ n: number }>('SELECT sum(n)::int AS n FROM rows'))[0]?.n,
  }
}

export const open = async (
  url: string,
  { connections = 5, now = Date.now, limits = TIME_LIMITS, sleep = pause }: Options = {},
): Promise<Connection & AsyncDisposable> => {
  const connection = openConnection({ url, now, hasDatabaseClock: true, sleep, connections, limits })
  return { ...connection, [Symbol.asyncDispose]: connection.close }
}

export const count = ({ write }: Pick<Connection, 'write'>) =>
  write(tx => tx.all('UPDATE rows SET n = n + 1 WHERE id = 1'))

export const UNAVAILABLE = { code: 'unavailable' }

export const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await run()
  return performance.now() - start
}
