import { EventEmitter } from 'node:events'
import type { Client } from 'pg'
import type { AccountRow } from '../account.ts'
import { type AnyInspection, inspectAccount, MOST_INSPECTED_ACCOUNTS } from '../inspection.ts'
import { isThere } from '../rules/nodes.ts'
import { sealedUnder } from '../sealed.ts'
import type { StoreHints } from '../store.ts'
import { createOpenOr } from '../unreadable.ts'
import { createBackupRecords } from './backup-records.ts'
import { openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { createDeliveriesHold } from './deliveries-hold.ts'
import { asc } from './drizzle.ts'
import { postgresCodeOf } from './failure.ts'
import { isHalfMoved } from './half-moved.ts'
import { createNodes } from './nodes.ts'
import { ageOf, canaryOf, openClient } from './opening.ts'
import { createOperatorEvents } from './operator-events.ts'
import { accounts } from './schema.ts'
import {
  type LockHolder,
  type OpenTransaction,
  readLockHolders,
  readSchema,
  readServerFacts,
  readTables,
  readTransactions,
  type SchemaFacts,
  type ServerFacts,
  type TableFacts,
} from './server-facts.ts'
import { createStats } from './stats.ts'
import type { PostgresOptions } from './store.ts'
import { TIME_LIMITS } from './time-limits.ts'

export interface PostgresInspection extends AnyInspection {
  kind: 'postgres'
  server(): Promise<ServerFacts>
  transactions(): Promise<OpenTransaction[]>
  tables(): Promise<TableFacts[]>
  /** A move into it has not ended, so no node starts on it; null: somebody keeps locked what tells it. */
  isHalfMoved: boolean | null
  schema(): Promise<SchemaFacts>
  lockHolders(): Promise<LockHolder[]>
}

const ANSWER_TIMEOUT_MS = 10_000
/** A table that somebody has locked is waited for no longer, by each check that reads it: `locks` tells who. */
const LOCK_MS = 1_000

/** Null: somebody has locked what it reads. A pooler keeps nothing of it. */
const unlessLocked = async <T>(client: Client, read: () => Promise<T>): Promise<T | null> => {
  await client.query(`BEGIN READ ONLY; SET LOCAL lock_timeout = ${LOCK_MS}`)
  try {
    return await read()
  } catch (error) {
    if (postgresCodeOf(error) !== '55P03') throw error
    return null
  } finally {
    await client.query('ROLLBACK')
  }
}

/** Throws where the database cannot be connected to. */
export const openPostgresInspection = async (
  options: Pick<PostgresOptions, 'url' | 'masterKey' | 'previousKey' | 'random' | 'defaultRate' | 'now' | 'sleep'>,
): Promise<PostgresInspection> => {
  const { url, masterKey, previousKey, random, defaultRate, now } = options
  const client = await openClient(url, 'doctor', ANSWER_TIMEOUT_MS)
  const hints = new EventEmitter<StoreHints>()
  const sealed = sealedUnder({ masterKey, previousKey }, random)
  const connection = openConnection({
    ...options,
    ...{ hasDatabaseClock: true, connections: 1, limits: { ...TIME_LIMITS, lockMs: LOCK_MS } },
  })
  const context: Context = {
    ...connection,
    ...{ sealed, openOr: createOpenOr(hints), hints, tell: () => {}, defaultRate },
  }
  try {
    const age = await unlessLocked(client, () => ageOf(client))
    const opensWithKey = async () => {
      const canary = age === 'new' ? null : await canaryOf(client)
      return canary === null || sealed.canary.isOurs(canary)
    }
    const readFacts = async () => ({
      opensWithKey: await opensWithKey(),
      isHalfMoved: age !== 'new' && (await isHalfMoved(client)),
    })
    const facts = age === null ? null : await unlessLocked(client, readFacts)
    return {
      kind: 'postgres',
      age,
      ...(facts ?? { opensWithKey: null, isHalfMoved: null }),
      presentNodes: async () => {
        const nodes = await createNodes(context).listNodes()
        return nodes.filter(node => isThere(node, connection.now()))
      },
      server: () => readServerFacts(client, now),
      transactions: () => readTransactions(client),
      tables: () => readTables(client),
      schema: () => readSchema(client),
      lockHolders: () => readLockHolders(client),
      stats: createStats(context).stats,
      deliveriesHeldAt: createDeliveriesHold(context).deliveriesHeldAt,
      lastBackup: createBackupRecords(context).lastBackup,
      refusingChannel: createOperatorEvents(context).refusingChannel,
      listNodes: createNodes(context).listNodes,
      accounts: () =>
        context.read(async ({ db }) => {
          const ordered = db.select().from(accounts).orderBy(asc(accounts.id))
          const rows: AccountRow[] = await ordered.limit(MOST_INSPECTED_ACCOUNTS)
          return rows.map(row => inspectAccount(row, sealed))
        }),
      close: async () => {
        await Promise.all([client.end(), connection.close()])
      },
    }
  } catch (error) {
    await Promise.all([client.end(), connection.close()])
    throw error
  }
}
