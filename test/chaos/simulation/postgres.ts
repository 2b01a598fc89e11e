import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { pg } from '../../../src/store/postgres/drizzle.ts'
import { openPostgresStore } from '../../../src/store/postgres/store.ts'
import { BROKEN_SQL, brokenIn } from '../../store/support/invariants.ts'
import { accessTo, type OwnServer, openOwnServer } from '../../support/postgres.ts'
import type { Draw } from '../draw.ts'
import type { Database, Opening } from './database.ts'
import type { Time } from './time.ts'
import { createTurns, seats } from './turns.ts'

const TEMPLATE = 'template'
/** By the system's clock; `turns` has the server's limits in simulated time. */
const NO_LIMITS = { statementMs: 0, lockMs: 0, idleMs: 0, beginMs: 0, connectMs: 0, answerMs: 0 }

/** A server for the databases of histories, without its own background work, which would differ each time. */
export const openHistoryServer = async (opening: Omit<Opening, 'sleep' | 'random'>): Promise<OwnServer> => {
  const server = await openOwnServer(['autovacuum=off', 'deadlock_timeout=1h', 'jit=off'])
  const url = await server.createDatabase(TEMPLATE)
  await (await openPostgresStore({ ...opening, url, sleep, random: randomBytes })).close()
  return server
}

let histories = 0
/** A database on the server of this folder, for any number of nodes. */
export const createShared = async (folder: string, { time, draw }: { time: Time; draw: Draw }): Promise<Database> => {
  const server = accessTo(folder)
  const name = `history_${process.pid}_${threadId}_${histories++}`
  const url = await server.createDatabase(name, TEMPLATE)
  const control = new pg.Client(url)
  await control.connect()
  const openSeat = createTurns({ time, draw, control })
  const ours: string[] = []
  return {
    path: '',
    takesTime: true,
    open: async (machine, opening) => {
      const key = `${name}_${ours.length}`
      ours.push(key)
      seats.set(key, openSeat(machine))
      const options = { ...opening, url: `${url}&fallback_application_name=${key}`, limits: NO_LIMITS }
      const store = await openPostgresStore({ ...options, hasDatabaseClock: false })
      // Its connections end with the database.
      return { ...store, close: async () => {} }
    },
    findInconsistencies: async () => brokenIn((await control.query(BROKEN_SQL)).rows[0]),
    remove: async () => {
      for (const key of ours) seats.delete(key)
      await control.end()
      await server.query(`DROP DATABASE "${name}" WITH (FORCE)`)
    },
  }
}
