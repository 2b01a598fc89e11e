import type Database from 'better-sqlite3'

/**
 * How long, in ms, it may wait after the last commit for the next one: each costs a wait for the disk. With 0, or when
 * there has been none for longer, it is written at the end of this turn of the event loop. `light` is too, and not through
 * to the disk: for what may be forgotten in a power cut.
 */
export type Urgency = number | 'light'

interface Write {
  /** On the clock of `performance.now`; null: light. */
  dueAt: number | null
  run: () => unknown
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

/**
 * One commit, and so one fsync, for all that is written in the same turn of the event loop: registrations, claims,
 * answers and attempts alike. Each write keeps its own atomicity by a savepoint: one that throws is undone alone.
 *
 * @param deps.attempt runs the transaction, again if the database is busy; rejects when nothing of it was committed
 * @param deps.explain turns what a single write threw into what its caller may know
 */
export const createGroupCommit = (
  client: Database.Database,
  deps: { attempt: (run: () => Outcome[]) => Promise<Outcome[]>; explain: (error: unknown) => unknown },
): (<T>(run: () => T, urgency?: Urgency) => Promise<T>) => {
  const transaction = client.transaction((run: () => Outcome[]) => run())
  const [mark, release, undo] = ['SAVEPOINT w', 'RELEASE w', 'ROLLBACK TO w'].map(text => client.prepare(text))
  /** In the order they came, which is the order they are run in. */
  let waiting: Write[] = []
  let isCommitting = false
  let timer: NodeJS.Timeout | undefined
  let committedAt = Number.NEGATIVE_INFINITY

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

  const runAll = (writes: readonly Write[]): Outcome[] => {
    const [only] = writes
    // With nobody else in it the transaction is the savepoint.
    return only && writes.length === 1 ? [{ ok: true, value: only.run() }] : writes.map(runAlone)
  }

  const commit = async (writes: readonly Write[], isLight: boolean) => {
    const run = () => {
      // Never prepared: SQLite sets it when it compiles the statement.
      if (isLight) client.exec('PRAGMA synchronous = NORMAL')
      try {
        return transaction.immediate(() => runAll(writes))
      } finally {
        if (isLight) client.exec('PRAGMA synchronous = FULL')
      }
    }
    const outcomes = await deps
      .attempt(run)
      .catch((error: unknown) => writes.map((): Outcome => ({ ok: false, error })))
    for (const [index, { settle }] of writes.entries()) settle(outcomes[index] as Outcome)
  }

  const isDurable = ({ dueAt }: Write) => dueAt !== null
  const isDue = ({ dueAt }: Write) => dueAt !== null && dueAt <= performance.now()

  const commitWaiting = async () => {
    const writes = waiting
    if (writes.some(isDue)) {
      waiting = []
      committedAt = performance.now()
      return commit(writes, false)
    }
    waiting = writes.filter(isDurable)
    return commit(
      writes.filter(write => !isDurable(write)),
      true,
    )
  }

  const commitAll = async () => {
    while (waiting.some(write => isDue(write) || !isDurable(write))) await commitWaiting()
    isCommitting = false
    wait()
  }

  const begin = () => {
    if (isCommitting) return
    isCommitting = true
    clearTimeout(timer)
    setImmediate(() => void commitAll())
  }

  /** For the first of those that can wait; what is committed before takes them along. */
  const wait = () => {
    clearTimeout(timer)
    const first = Math.min(...waiting.map(({ dueAt }) => dueAt ?? 0))
    if (waiting.length > 0) timer = setTimeout(begin, Math.max(0, first - performance.now()))
  }

  return <T>(run: () => T, urgency: Urgency = 0) =>
    new Promise<T>((resolve, reject) => {
      const settle = (outcome: Outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error))
      const now = performance.now()
      const dueAt = urgency === 'light' ? null : Math.max(now, committedAt + urgency)
      waiting.push({ dueAt, run, settle })
      if (dueAt === null || dueAt <= now) begin()
      else if (!isCommitting) wait()
    })
}
