import { createContext, createHints } from '../context.ts'
import { findRegistered, type Inspection, inspectAccounts } from '../inspection.ts'
import { statsVerbs } from '../stats/counts.ts'
import { openConnection } from './connection.ts'
import { ageOf, canaryOf, openClient } from './opening.ts'
import { TIME_LIMITS } from './pool.ts'
import {
  readLockHolders,
  readServer,
  readServerStats,
  readTransactions,
  type ServerFacts,
  type SessionFacts,
} from './server-facts.ts'
import type { PostgresOptions } from './store.ts'

export interface PostgresInspection extends Inspection {
  kind: 'postgres'
  /** @param patience limits the wait for LISTEN */
  server(patience: AbortSignal): Promise<ServerFacts>
  /** The oldest transactions that keep dead rows from being vacuumed, at most 5. */
  transactions(): Promise<SessionFacts[]>
  /** Sessions that hold locks, at most 5; the ones that block others come first. */
  lockHolders(): Promise<SessionFacts[]>
}

const ANSWER_TIMEOUT_MS = 10_000
/** Lock timeout of a check. The check `locks` names the session that holds the lock. */
const LOCK_MS = 1_000

/** Throws if it cannot connect. */
export const openPostgresInspection = async (
  options: Pick<PostgresOptions, 'url' | 'masterKey' | 'previousKey' | 'random' | 'defaultRate' | 'now' | 'sleep'>,
): Promise<PostgresInspection> => {
  const { url, random } = options
  const client = await openClient(url, 'doctor', ANSWER_TIMEOUT_MS)
  const limits = { ...TIME_LIMITS, lockMs: LOCK_MS }
  const connection = openConnection({ ...options, ...{ hasDatabaseClock: true, connections: 1, limits } })
  const context = createContext(connection, options, { random, hints: createHints() })
  const { sealed } = context
  /** Sets the lock timeout for one transaction: a pooler may drop a session's settings. */
  const within = async <T>(read: () => Promise<T>): Promise<T> => {
    await client.query(`BEGIN READ ONLY; SET LOCAL lock_timeout = ${LOCK_MS}`)
    return read().finally(() => client.query('ROLLBACK'))
  }
  const age = () => within(() => ageOf(client))
  return {
    kind: 'postgres',
    age,
    masterKey: sealed.keyId.toString('hex'),
    opensWithKey: async () => {
      const canary = (await age()) === 'new' ? null : await within(() => canaryOf(client))
      return canary === null || sealed.canary.isOurs(canary)
    },
    server: patience => readServer(client, url, patience),
    transactions: () => readTransactions(client),
    lockHolders: () => readLockHolders(client),
    stats: statsVerbs.searches(context, { figuresOf: readServerStats }).stats,
    accounts: () => inspectAccounts(context),
    registeredAs: serial => findRegistered(context, serial),
    close: async () => {
      await Promise.all([client.end(), connection.close()])
    },
  }
}
