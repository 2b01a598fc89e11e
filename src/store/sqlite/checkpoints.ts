import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** `PASSIVE` goes beside writers and leaves what they add meanwhile; after `RESTART` the log begins anew. */
export type CheckpointMode = 'PASSIVE' | 'RESTART'
/** As SQLite answers: pages in the log, and how many of them are in the database now. */
export interface Checkpoint {
  busy: 0 | 1
  log: number
  checkpointed: number
}

export interface Checkpoints {
  /** Resolves when a transaction may begin: at once, but while the log begins anew. */
  whenOpen(): Promise<void>
  /** A transaction has been committed. */
  committed(): void
  close(): Promise<void>
}

/** So many commits, or bytes of log, are worth a checkpoint; there is at most one in this time. */
const WORTH_COMMITS = 200
const WORTH_BYTES = 4 * 1024 * 1024
const EVERY_MS = 250
/** 16 MB. Writers wait for some ms while what is left of it is moved, so that it can begin anew. */
const LONG_LOG_PAGES = 4_000

/** With a path of its own ending, as the code runs from its source and from what is published. */
const THREAD = new URL(`./checkpoint-thread.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/**
 * Moves what the log has into the database on a thread of its own: SQLite does it within some commit, which then takes
 * tens of ms of fsync and random writes, while the event loop stands still. The thread begins once there is enough to do.
 *
 * @param deps.logBytes the size of the log's file
 */
export const createCheckpoints = ({ path, logBytes }: { path: string; logBytes: () => number }): Checkpoints => {
  let thread: Worker | null = null
  let commits = 0
  let round: Promise<void> | null = null
  let isClosed = false
  let opening: Promise<void> = Promise.resolve()

  /** One at a time. */
  let answer = Promise.withResolvers<Checkpoint>()

  const startThread = (): Worker => {
    const started = new Worker(THREAD, {
      workerData: { path },
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    })
    started.unref()
    started.on('message', checkpoint => answer.resolve(checkpoint))
    started.on('error', error => answer.reject(error))
    started.on('exit', () => {
      thread = null
      answer.reject(new Error('the thread has ended'))
    })
    return started
  }

  const ask = (mode: CheckpointMode): Promise<Checkpoint> => {
    thread ??= startThread()
    answer = Promise.withResolvers()
    thread.postMessage(mode)
    return answer.promise
  }

  const run = async () => {
    await sleep(EVERY_MS, undefined, { ref: false })
    if (isClosed) return
    commits = 0
    const { log } = await ask('PASSIVE')
    if (log < LONG_LOG_PAGES || isClosed) return
    // Once more for what came meanwhile, so that writers have the least to wait for.
    await ask('PASSIVE')
    const restarted = ask('RESTART')
    opening = restarted.then(
      () => {},
      () => {},
    )
    await restarted
  }

  return {
    whenOpen: () => opening,
    committed: () => {
      if (round !== null || isClosed || (++commits < WORTH_COMMITS && logBytes() < WORTH_BYTES)) return
      round = run()
        // Without the thread SQLite's own checkpoints remain, later and within a commit.
        .catch(() => {})
        .finally(() => {
          round = null
        })
    },
    close: async () => {
      isClosed = true
      await thread?.terminate()
    },
  }
}
