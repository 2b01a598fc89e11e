import { createKeyedQueue } from '../../core/keyed-limiter.ts'
import { type ContextOptions, createContext, createHints, type StoreContext } from '../context.ts'
import { createVerbs, type Store } from '../store.ts'
import { type ConnectionOptions, openConnection } from './connection.ts'
import { openHintChannel } from './hints.ts'
import { bringUpToDate, type OpeningStep } from './opening.ts'
import { readServerStats } from './server-facts.ts'
import { createUpkeep } from './upkeep.ts'

/** Maximum number of call connections in use by operators' reads across partners. */
const LONG_READS_AT_ONCE = 2

export interface PostgresOptions extends ContextOptions, Omit<ConnectionOptions, 'connections' | 'hasDatabaseClock'> {
  /** Random bytes for sealing. */
  random: (bytes: number) => Buffer
  /** Size of the pool for calls, and of the pool for loops; 5 by default. */
  connections?: number
  /** False: `now` decides instead of the database's clock; true by default. */
  hasDatabaseClock?: boolean
  /** Called before the database is open, since a migration may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens a PostgreSQL database and brings it to the current schema. Throws as `bringUpToDate` does. */
export const openPostgresStore = async ({
  random,
  connections = 5,
  hasDatabaseClock = true,
  onStep = () => {},
  ...options
}: PostgresOptions): Promise<Store> => {
  const hints = createHints()
  const connection = openConnection({ ...options, connections, hasDatabaseClock })
  const alone = createContext(connection, options, { random, hints })
  await bringUpToDate(options.url, { sealed: alone.sealed, onStep, limits: options.limits })
  const channel = openHintChannel({ url: options.url, hints, sleep: options.sleep, id: random(8).toString('hex') })
  const context: StoreContext = { ...alone, emitHints: channel.publish }
  // For workers, so that calls and workers do not wait for each other's connections.
  const loops: StoreContext = { ...context, ...connection.loops }
  const queued = createKeyedQueue(LONG_READS_AT_ONCE)
  const searches: StoreContext = { ...context, read: run => queued('', () => context.read(run)) }
  const engine = { figuresOf: readServerStats, upkeep: createUpkeep(loops) }
  const verbs = createVerbs(context, engine, { loops, searches })
  const engineCounts: Store['engineCounts'] = async () => ({
    kind: 'postgres',
    ...connection.engineCounts(),
    isListening: channel.isUp(),
    unreadableHints: channel.unreadable(),
  })
  const { now } = connection
  const close = async () => {
    await channel.close()
    await connection.close()
  }
  return { now, hints, ...verbs, engineCounts, close }
}
