import type Database from 'better-sqlite3'
import { yieldToLoop } from '../../core/clock.ts'
import type { Tx } from '../tx.ts'
import { judgeFailure } from './failure.ts'

interface Write {
  run: (tx: Tx) => unknown
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

/**
 * Runs all writes of one turn of the event loop, and pending `soon` writes, in one transaction with one sync of the
 * disk. Each write stays atomic: one that throws is undone alone.
 *
 * @param gatherMs how long a `soon` write waits for others to join its transaction
 * @param deps.begin returns the transaction for a verb
 * @param deps.attempt runs the transaction, and retries while the database is busy; rejects if nothing was committed
 * @param deps.explain converts an error of a single write to the error for its caller
 */
export const createGroupCommit = (
  client: Database.Database,
  gatherMs: number,
  deps: {
    begin: () => Tx
    attempt: (run: () => Promise<Outcome[]>) => Promise<Outcome[]>
    explain: (error: unknown) => unknown
  },
) => {
  const [begin, commit, rollback] = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'].map(text => client.prepare(text))
  const [mark, release, undo] = ['SAVEPOINT w', 'RELEASE w', 'ROLLBACK TO w'].map(text => client.prepare(text))
  /** In order of arrival, which is also the order of execution. */
  let waiting: Write[] = []
  let committing: Promise<void> | null = null
  let gathering: NodeJS.Timeout | undefined

  const transact = async (run: () => Promise<Outcome[]>): Promise<Outcome[]> => {
    begin?.run()
    try {
      const outcomes = await run()
      commit?.run()
      return outcomes
    } catch (error) {
      if (client.inTransaction) rollback?.run()
      throw error
    }
  }

  const runAlone = async ({ run }: Write): Promise<Outcome> => {
    mark?.run()
    try {
      const value = await run(deps.begin())
      release?.run()
      return { ok: true, value }
    } catch (error) {
      // Some errors (a full disk) end the whole transaction; after a `broken` one, nothing of it may be kept.
      if (!client.inTransaction || judgeFailure(error) === 'broken') throw error
      undo?.run()
      release?.run()
      return { ok: false, error: deps.explain(error) }
    }
  }

  /** Sets no savepoints until a write has thrown: a savepoint per write would copy each page that it touches. */
  const runAll = async (writes: readonly Write[]): Promise<Outcome[]> => {
    let isInWrite = false
    try {
      return await transact(async () => {
        const outcomes: Outcome[] = []
        for (const { run } of writes) {
          isInWrite = true
          outcomes.push({ ok: true, value: await run(deps.begin()) })
          isInWrite = false
        }
        return outcomes
      })
    } catch (error) {
      // A single write has no others to protect, and a damaged database cannot be trusted on a second run.
      if (!isInWrite || writes.length === 1 || judgeFailure(error) === 'broken') throw error
      return await transact(async () => {
        const outcomes: Outcome[] = []
        for (const write of writes) outcomes.push(await runAlone(write))
        return outcomes
      })
    }
  }

  const commitTogether = async (writes: readonly Write[]) => {
    try {
      const outcomes = await deps.attempt(() => runAll(writes))
      for (const [index, { settle }] of writes.entries()) settle(outcomes[index] as Outcome)
    } catch (error) {
      for (const { settle } of writes) settle({ ok: false, error })
    }
  }

  const commitAll = async () => {
    while (waiting.length > 0) {
      await yieldToLoop()
      const writes = waiting
      waiting = []
      await commitTogether(writes)
    }
    committing = null
  }

  const startCommit = () => {
    clearTimeout(gathering)
    gathering = undefined
    committing ??= commitAll()
  }

  return {
    /**
     * Runs it in the transaction of the next turn of the event loop; `soon`: within `gatherMs`, or earlier in that of
     * another write. Resolves once its COMMIT has returned, and so is durable. `run` must await only its `Tx` and have
     * no effect outside the database: when another write of the transaction throws, all are undone and run again.
     */
    write: <T>(run: (tx: Tx) => T | Promise<T>, when?: 'soon') =>
      new Promise<T>((resolve, reject) => {
        const settle = (outcome: Outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error))
        waiting.push({ run, settle })
        if (when !== 'soon' || gatherMs === 0) startCommit()
        else if (committing === null) gathering ??= setTimeout(startCommit, gatherMs)
      }),

    /** Resolves when no write is pending. */
    end: async (): Promise<void> => {
      if (gathering) startCommit()
      while (committing !== null) await committing
    },
  }
}
