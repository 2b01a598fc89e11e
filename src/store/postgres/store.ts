import { createKeyedQueue } from '../../core/keyed-limiter.ts'
import { type ContextOptions, createContext, createHints, type StoreContext } from '../context.ts'
import type { Store } from '../store.ts'
import { createVerbs } from '../verbs.ts'
import { type ConnectionOptions, openConnection } from './connection.ts'
import { openHintChannel } from './hints.ts'
import { bringUpToDate, type OpeningStep } from './opening.ts'
import { readServerStats } from './server-facts.ts'
import { createUpkeep } from './upkeep.ts'

/** What operators read over all partners takes so many connections at most of those for calls. */
const LONG_READS_AT_ONCE = 2

export interface PostgresOptions extends ContextOptions, Omit<ConnectionOptions, 'connections' | 'hasDatabaseClock'> {
  /** Random bytes, for what is sealed. */
  random: (bytes: number) => Buffer
  /** Connections for calls, and as many for the loops; 5 unless given. */
  connections?: number
  /** False: `now` decides, not the database's clock; true unless given. */
  hasDatabaseClock?: boolean
  /** Told before the database is open. A newer schema may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens a PostgreSQL database, at the current schema. Throws what `bringUpToDate` throws. */
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
  const context: StoreContext = { ...alone, tell: channel.tell }
  // For what the workers call, so that calls and workers do not wait for each other's connections.
  const loops: StoreContext = { ...context, ...connection.loops }
  const queued = createKeyedQueue(LONG_READS_AT_ONCE)
  const searches: StoreContext = { ...context, read: run => queued('', () => context.read(run)) }
  const verbs = createVerbs({ calls: context, loops, searches }, readServerStats, createUpkeep(loops))
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
