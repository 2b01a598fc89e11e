import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { judgeFailure } from './failure.ts'

/**
 * `PASSIVE` goes beside writers and leaves what they add meanwhile; after `RESTART` the log begins anew; `NOOP` only counts.
 */
export type CheckpointMode = 'PASSIVE' | 'RESTART' | 'NOOP'
/** As SQLite answers: frames (pages as they were written) in the log, and how many of them are in the database now. */
export interface Checkpoint {
  busy: 0 | 1
  log: number
  checkpointed: number
}

export interface Checkpoints {
  /** Resolves when a transaction may begin: at once, except while the log begins anew. */
  whenOpen(): Promise<void>
  /** A transaction has been committed. */
  committed(): void
  /** For how long a reader has kept the log from beginning anew; 0: none does. */
  pinnedMs(): number
  close(): Promise<void>
}

/** So many frames, 4 MB, are worth a checkpoint. They are counted at most this often. */
const WORTH_FRAMES = 1_000
const EVERY_MS = 250
/** 16 MB: then the log begins anew, for which writers wait some ms while what is left of it is moved. */
const LONG_LOG_FRAMES = 4_000
/** A long reader (a backup, a shell) keeps the log from beginning anew, and each try holds up writers. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** With a path of its own ending, as the code runs from its source and from what is published. */
const THREAD = new URL(`./checkpoint-thread.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** When the log may be made to begin anew, given how the last try ended, and for how long the tries have failed. */
export const createRestartPause = (now: () => number) => {
  let pauseMs = 0
  let failingSince: number | null = null
  let until = Number.NEGATIVE_INFINITY
  return {
    isOver: () => now() >= until,
    failingMs: () => (failingSince === null ? 0 : now() - failingSince),
    /** A reader kept it from being tried. */
    prevented: () => {
      failingSince ??= now()
    },
    notNeeded: () => {
      failingSince = null
    },
    after: ({ busy }: Pick<Checkpoint, 'busy'>) => {
      failingSince = busy === 0 ? null : (failingSince ?? now())
      pauseMs = busy === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, pauseMs * 2 || FIRST_PAUSE_MS)
      until = now() + pauseMs
    },
  }
}

/**
 * Moves what the log has into the database on a thread of its own: SQLite does it within some commit, which then takes
 * tens of ms of fsync and random writes. The thread begins once there is enough to do.
 *
 * @param deps.count the frames of the log, by the store's own connection
 * @param deps.onFailed a checkpoint failed for good, so the database is broken
 */
export const createCheckpoints = ({
  path,
  count,
  onFailed,
}: {
  path: string
  count: () => Checkpoint
  onFailed: (error: unknown) => void
}): Checkpoints => {
  const pause = createRestartPause(() => performance.now())
  let thread: Worker | null = null
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
      answer.reject(new Error('the thread for checkpoints has ended'))
    })
    return started
  }

  const ask = (mode: CheckpointMode): Promise<Checkpoint> => {
    thread ??= startThread()
    answer = Promise.withResolvers()
    thread.postMessage(mode)
    return answer.promise
  }

  const restart = async () => {
    // Once more for what came meanwhile, so that writers have the least to wait for.
    const { log, checkpointed } = await ask('PASSIVE')
    if (isClosed) return
    if (log !== checkpointed) return pause.prevented()
    const restarted = ask('RESTART')
    opening = restarted.then(
      () => {},
      () => {},
    )
    pause.after(await restarted)
  }

  const run = async () => {
    await sleep(EVERY_MS, undefined, { ref: false })
    if (isClosed) return
    const before = count()
    // Where it is short, it has begun anew, perhaps by another process.
    if (before.log < LONG_LOG_FRAMES) pause.notNeeded()
    const isLong = before.log >= LONG_LOG_FRAMES && pause.isOver()
    if (!isLong && before.log - before.checkpointed < WORTH_FRAMES) return
    const { log, checkpointed } = await ask('PASSIVE')
    if (!isLong || isClosed) return
    // Where a reader keeps some of it from being moved the log cannot begin anew.
    if (log === checkpointed) await restart()
    else pause.prevented()
  }

  return {
    whenOpen: () => opening,
    committed: () => {
      if (round !== null || isClosed) return
      round = run()
        .catch((error: unknown) => {
          const failure = judgeFailure(error)
          if (!isClosed && failure !== 'busy' && failure !== 'passing') onFailed(error)
        })
        .finally(() => {
          round = null
        })
    },
    pinnedMs: pause.failingMs,
    close: async () => {
      isClosed = true
      await thread?.terminate()
    },
  }
}
