import type Database from 'better-sqlite3'

/**
 * How long, in ms, it may wait after the last commit for the next one. With 0, or when there has been none for longer, it is
 * written at the end of this turn of the event loop. `light` is too, and does not wait for the disk: for what may be
 * forgotten in a power cut.
 */
export type Urgency = number | 'light'

export interface GroupCommit {
  write<T>(run: () => T, urgency?: Urgency): Promise<T>
  /** Resolves when all that was to be written is safe. */
  end(): Promise<void>
}

interface Write {
  /** On the clock of `performance.now`; null: light. */
  dueAt: number | null
  run: () => unknown
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }
type Settled = readonly [Write, Outcome]

const isLight = ({ dueAt }: Write) => dueAt === null
const isDue = ({ dueAt }: Write) => dueAt !== null && dueAt <= performance.now()
const turn = () => new Promise(resolve => setImmediate(resolve))

/**
 * One commit for all that is written in the same turn of the event loop: registrations, claims, answers and attempts
 * alike. Each write keeps its own atomicity: one that throws is undone alone. Then one sync; what comes while it is under way
 * shares the next commit, so that those who wait for this one are told as soon as it has ended and not after another commit.
 * The promise of a write resolves after its sync.
 *
 * @param deps.attempt runs the transaction, again if the database is busy; rejects when nothing of it was committed
 * @param deps.sync makes safe what has been committed so far
 * @param deps.explain turns what a single write threw into what its caller may know
 */
export const createGroupCommit = (
  client: Database.Database,
  deps: {
    attempt: (run: () => Outcome[]) => Promise<Outcome[]>
    sync: () => Promise<void>
    explain: (error: unknown) => unknown
  },
): GroupCommit => {
  const transaction = client.transaction((run: () => Outcome[]) => run())
  const [mark, release, undo] = ['SAVEPOINT w', 'RELEASE w', 'ROLLBACK TO w'].map(text => client.prepare(text))
  /** In the order they came, which is the order they are run in. */
  let waiting: Write[] = []
  let isCommitting = false
  let timer: NodeJS.Timeout | undefined
  let committedAt = Number.NEGATIVE_INFINITY
  /** Committed, and not known to be on the disk. */
  let unsafe: Settled[] = []
  let isSyncing = false

  const runAlone = ({ run }: Write): Outcome => {
    mark?.run()
    try {
      const value = run()
      release?.run()
      return { ok: true, value }
    } catch (error) {
      // Some errors (a full disk, a failed read) have ended the whole transaction: then nothing of it is kept.
      if (!client.inTransaction) throw error
      undo?.run()
      release?.run()
      return { ok: false, error: deps.explain(error) }
    }
  }

  /**
   * As one, without a savepoint for each, which would copy every page that the write touches. Only where one of them throws
   * they are all undone, and done again, each for itself.
   */
  const runAll = (writes: readonly Write[]): Outcome[] => {
    let hasThrown = false
    try {
      return transaction.immediate(() =>
        writes.map(({ run }) => {
          hasThrown = true
          const value = run()
          hasThrown = false
          return { ok: true, value }
        }),
      )
    } catch (error) {
      // A single one has nobody else to spare.
      if (!hasThrown || writes.length === 1) throw error
      return transaction.immediate(() => writes.map(runAlone))
    }
  }

  const commit = async (writes: readonly Write[]) => {
    try {
      const outcomes = await deps.attempt(() => runAll(writes))
      const settled = writes.map((write, index): Settled => [write, outcomes[index] as Outcome])
      unsafe.push(...settled.filter(([write]) => !isLight(write)))
      if (!isSyncing && unsafe.length > 0) void syncAll()
      for (const [write, outcome] of settled) if (isLight(write)) write.settle(outcome)
    } catch (error) {
      for (const write of writes) write.settle({ ok: false, error })
    }
  }

  const syncAll = async () => {
    isSyncing = true
    while (unsafe.length > 0) {
      const settled = unsafe
      unsafe = []
      const failure = await deps.sync().then(
        () => null,
        (error: unknown): Outcome => ({ ok: false, error }),
      )
      for (const [write, outcome] of settled) write.settle(failure ?? outcome)
    }
    isSyncing = false
    if (waiting.some(isDue)) begin()
    else if (!isCommitting) waitForNext()
  }

  const mayBeCommitted = (write: Write) => isLight(write) || (!isSyncing && isDue(write))

  const takeWaiting = (): Write[] => {
    const writes = waiting
    // What may wait is not written with what is light: it would have to be synced.
    const hasDue = !isSyncing && writes.some(isDue)
    if (hasDue) committedAt = performance.now()
    waiting = hasDue ? [] : writes.filter(write => !isLight(write))
    return hasDue ? writes : writes.filter(isLight)
  }

  const commitAll = async () => {
    while (waiting.some(mayBeCommitted)) await commit(takeWaiting())
    isCommitting = false
    waitForNext()
  }

  const begin = () => {
    if (isCommitting) return
    isCommitting = true
    clearTimeout(timer)
    setImmediate(() => void commitAll())
  }

  const waitForNext = () => {
    clearTimeout(timer)
    const first = Math.min(...waiting.map(({ dueAt }) => dueAt ?? 0))
    if (waiting.length > 0 && !isSyncing) timer = setTimeout(begin, Math.max(0, first - performance.now()))
  }

  return {
    write: <T>(run: () => T, urgency: Urgency = 0) =>
      new Promise<T>((resolve, reject) => {
        const settle = (outcome: Outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error))
        const now = performance.now()
        const dueAt = urgency === 'light' ? null : Math.max(now, committedAt + urgency)
        waiting.push({ dueAt, run, settle })
        if (dueAt === null || (dueAt <= now && !isSyncing)) begin()
        else if (!isCommitting) waitForNext()
      }),

    end: async () => {
      while (waiting.length > 0 || isCommitting || isSyncing) await turn()
    },
  }
}
