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
 * One transaction, and so one sync of the disk, for all that is written in the same turn of the event loop, and what nobody waits for.
 * Each write keeps its own atomicity: one that throws is undone alone.
 *
 * @param gatherMs so long what nobody waits for lets others join its transaction
 * @param deps.begin the transaction, as a verb sees it
 * @param deps.attempt runs the transaction, again if the database is busy; rejects when nothing of it was committed
 * @param deps.explain turns what a single write threw into what its caller may know
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
  /** In the order they came, which is the order they are run in. */
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
      // Some errors (a full disk) have ended the whole transaction, and after others nothing of it may be kept.
      if (!client.inTransaction || judgeFailure(error) === 'broken') throw error
      undo?.run()
      release?.run()
      return { ok: false, error: deps.explain(error) }
    }
  }

  /** A savepoint for each write would copy every page that it touches, so there are none until one has thrown. */
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
      // A single one has nobody else to spare, and what a damaged database says a second time is not to be believed.
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
     * Runs it in the transaction of the next turn of the event loop; `soon`: within `gatherMs`, in that of the next other write if one comes
     * before. Resolves once its COMMIT has returned, which is when it is durable. `run` must await nothing but its `Tx`, and must have no
     * effect but on the database: when another write of the same transaction throws, all are undone and run again.
     */
    write: <T>(run: (tx: Tx) => T | Promise<T>, when?: 'soon') =>
      new Promise<T>((resolve, reject) => {
        const settle = (outcome: Outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error))
        waiting.push({ run, settle })
        if (when !== 'soon' || gatherMs === 0) startCommit()
        else if (committing === null) gathering ??= setTimeout(startCommit, gatherMs)
      }),

    /** Resolves when nothing waits to be committed. */
    end: async (): Promise<void> => {
      if (gathering) startCommit()
      while (committing !== null) await committing
    },
  }
}
