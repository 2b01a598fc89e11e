import type Database from 'better-sqlite3'

/**
 * `now`: at the end of this turn of the event loop. `soon`: within a few ms, or with whatever is committed before, for
 * what nobody waits for. `light`: now, and not written through to the disk, for what may be forgotten in a power cut.
 */
export type Urgency = 'now' | 'soon' | 'light'

interface Write {
  urgency: Urgency
  run: () => unknown
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

/** So long a `soon` may wait after the last commit; each commit costs a wait for the disk. */
const SOON_MS = 5

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
  let soon: NodeJS.Timeout | null = null
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

  const commitWaiting = async () => {
    const writes = waiting
    if (writes.some(({ urgency }) => urgency === 'now')) {
      waiting = []
      if (soon !== null) clearTimeout(soon)
      soon = null
      committedAt = performance.now()
      return commit(writes, false)
    }
    waiting = writes.filter(({ urgency }) => urgency === 'soon')
    return commit(
      writes.filter(({ urgency }) => urgency === 'light'),
      true,
    )
  }

  const commitAll = async () => {
    while (waiting.some(({ urgency }) => urgency !== 'soon')) await commitWaiting()
    isCommitting = false
  }

  const begin = () => {
    if (isCommitting) return
    isCommitting = true
    setImmediate(() => void commitAll())
  }

  const ripen = () => {
    soon = null
    for (const write of waiting) if (write.urgency === 'soon') write.urgency = 'now'
    begin()
  }

  return <T>(run: () => T, urgency: Urgency = 'now') =>
    new Promise<T>((resolve, reject) => {
      const settle = (outcome: Outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error))
      waiting.push({ urgency, run, settle })
      if (urgency !== 'soon') return begin()
      const leftMs = committedAt + SOON_MS - performance.now()
      if (leftMs <= 0) ripen()
      else soon ??= setTimeout(ripen, leftMs)
    })
}
