import type { Client } from 'pg'
import { drizzle, migrate } from './drizzle.ts'
import { postgresCodeOf } from './failure.ts'
import { beginLong } from './long-transaction.ts'

/** Whoever comes after a migration that waits for a lock waits too: well below what the calls of other nodes wait for one. */
const TURN_MS = 500
/** Between two turns others get through. */
const PAUSE_S = 0.5
/** It goes from one statement to the next at once. */
const IDLE_MS = 10_000
/** A minute, so that one who waits for this node to migrate gives up no earlier. */
const TURNS = 60

/** The locks are taken, or it has met another session that wants them in another order. */
const isPassing = (error: unknown): boolean => /^(55P03|40P01)$/.test(postgresCodeOf(error))

/**
 * Runs the migrations of a folder that are missing, all or none, beside nodes at work: it waits for its locks in short turns, and lets
 * the others through between them. Throws the last turn's error once so many were in vain.
 */
export const migrateInTurns = async (open: () => Promise<Client>, folder: string, turns = TURNS): Promise<void> => {
  for (let turn = 1; ; turn++) {
    const client = await open()
    try {
      // drizzle's own BEGIN is within this one, and its COMMIT ends it.
      await client.query(beginLong({ lock_timeout: TURN_MS, idle_in_transaction_session_timeout: IDLE_MS }))
      // Not into a schema of the role's name, where PostgreSQL would look first.
      await client.query('SET LOCAL search_path = public')
      await migrate(drizzle({ client }), { migrationsFolder: folder, migrationsSchema: 'public' })
      return
    } catch (error) {
      if (turn >= turns || !isPassing(error)) throw error
      await client.query(`ROLLBACK; SELECT pg_sleep(${PAUSE_S})`)
    } finally {
      await client.end()
    }
  }
}
