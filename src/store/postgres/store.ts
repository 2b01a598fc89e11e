import { EventEmitter } from 'node:events'
import { createKeyedQueue } from '../../core/keyed-limiter.ts'
import { createOpenOr, sealedUnder } from '../sealed.ts'
import type { Store, StoreHints } from '../store.ts'
import { createVerbs } from '../verbs.ts'
import { type ConnectionOptions, openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { openHintChannel } from './hints.ts'
import { bringUpToDate, type OpeningStep } from './opening.ts'
import { readServerStats } from './server-facts.ts'
import { createUpkeep } from './upkeep.ts'

/** What operators read over all partners takes so many connections at most of those for calls. */
const LONG_READS_AT_ONCE = 2

export interface PostgresOptions extends Omit<ConnectionOptions, 'connections' | 'hasDatabaseClock'> {
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  /** Random bytes, for what is sealed. */
  random: (bytes: number) => Buffer
  defaultRate: number
  /** Connections for calls, and as many for the loops; 5 unless given. */
  connections?: number
  /** False: `now` decides, not the database's clock; true unless given. */
  hasDatabaseClock?: boolean
  /** Told before the database is open. A newer schema may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens a PostgreSQL database, at the current schema. Throws what `bringUpToDate` throws. */
export const openPostgresStore = async ({
  masterKey,
  previousKey,
  random,
  defaultRate,
  connections = 5,
  hasDatabaseClock = true,
  onStep = () => {},
  ...options
}: PostgresOptions): Promise<Store> => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  const sealed = sealedUnder({ masterKey, previousKey }, random)
  await bringUpToDate(options.url, { sealed, onStep, limits: options.limits })
  const connection = openConnection({ ...options, connections, hasDatabaseClock })
  const channel = openHintChannel({ url: options.url, hints, sleep: options.sleep, id: random(8).toString('hex') })
  const context: Context = {
    ...connection,
    sealed,
    openOr: createOpenOr(hints),
    hints,
    tell: channel.tell,
    defaultRate,
  }
  // For what the workers call, so that calls and workers do not wait for each other's connections.
  const loops: Context = { ...context, ...connection.loops }
  const queued = createKeyedQueue(LONG_READS_AT_ONCE)
  const searches: Context = { ...context, read: run => queued('', () => context.read(run)) }
  const verbs = createVerbs({ calls: context, loops, searches }, readServerStats, createUpkeep(loops))
  const engineCounts: Store['engineCounts'] = async () => ({
    ...{ kind: 'postgres', ...connection.engineCounts() },
    isListening: channel.isUp(),
  })
  const { now } = connection
  const close = async () => {
    await channel.close()
    await connection.close()
  }
  return { now, hints, ...verbs, engineCounts, close }
}
