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
import { type Control, createTurns, type Seat, type Session, seats } from './turns.ts'

const TEMPLATE = 'template'
/** No limit by the clock of the system: `turns` has those of the server, in simulated time. */
const NO_LIMITS = { statementMs: 0, lockMs: 0, idleMs: 0, beginMs: 0, connectMs: 0, answerMs: 0 }

/** For the databases of histories. What a server does by itself would not be the same each time. */
export const openHistoryServer = async (
  opening: Pick<Opening, 'now' | 'masterKey' | 'defaultRate'>,
): Promise<OwnServer> => {
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
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const control: Control = async <Row>(text: string, values: unknown[] = []) =>
    (await client.query(text, values)).rows as Row[]
  const turns = createTurns({ time, draw, control })
  const hints = createHintNetwork({ time, draw })
  const ours: string[] = []
  return {
    path: '',
    takesTime: true,
    open: async (machine, { sleep, ...opening }) => {
      const key = `${name} ${ours.length}`
      ours.push(key)
      seats.set(key, hints.over(turns.openSeat(machine)))
      const address = `${url}&fallback_application_name=${encodeURIComponent(key)}`
      const store = await openPostgresStore({
        ...opening,
        sleep,
        url: address,
        hasDatabaseClock: false,
        limits: NO_LIMITS,
      })
      // Its connections end with the database.
      return { ...store, close: async () => {} }
    },
    findInconsistencies: async () => brokenIn((await control<object>(BROKEN_SQL))[0]),
    remove: async () => {
      for (const key of ours) seats.delete(key)
      await client.end()
      await server.query(`DROP DATABASE "${name}" WITH (FORCE)`)
    },
  }
}

/**
 * Instead of the server's NOTIFY, whose answers come whenever they do: each listener hears a payload after a drawn delay, or never, and
 * now and then loses its connection.
 */
const createHintNetwork = ({ time, draw }: { time: Time; draw: Draw }) => {
  const listeners = new Map<Session, () => Promise<void>>()
  const carry = async (listener: Session, alive: () => Promise<void>, payload: unknown) => {
    if (draw.chance(0.02)) return void listener.connection.stream.destroy()
    await time.wait(1 + draw.below(draw.chance(0.1) ? 100 : 10))
    await alive()
    if (listeners.has(listener)) listener.emit('notification', { payload })
  }
  return {
    /** The seat, whose connections for hints lead here. */
    over: (seat: Seat): Seat => ({
      ...seat,
      connect: async (client, run) => {
        if (!isForHints(client)) return seat.connect(client, run)
        await seat.alive()
        client.connection.stream.destroy = () => {
          listeners.delete(client)
          client.emit('end')
          return client.connection.stream
        }
      },
      query: async (client, query, run) => {
        if (!isForHints(client)) return seat.query(client, query, run)
        if (query.text.startsWith('LISTEN ')) listeners.set(client, seat.alive)
        else for (const [listener, alive] of listeners) void carry(listener, alive, query.values?.[1])
        return null
      },
    }),
  }
}
const isForHints = ({ connectionParameters }: Session) => connectionParameters.application_name?.endsWith(' hints')
