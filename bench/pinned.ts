import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { SECOND } from '../src/core/duration.ts'
import { openRemoteStore } from '../src/store/sqlite/thread/remote-store.ts'
import type { Store } from '../src/store/store.ts'
import { newRegistration } from '../test/support/store.ts'
import { type Contestant, contest, percentile, ratioOf, type Sample } from './support/contest.ts'
import { addAccount, addPartner, serialAt } from './support/jobs.ts'
import { type Columns, findAtMost, type Part, tableOf } from './support/part.ts'

const RUN_MS = 6 * SECOND
const IN_FLIGHT = 32
const ALONE = 'no reader'
const PINNED = 'a reader that stays'
const RETURNING = 'a reader that looks anew each second'

type Reader = { stop(): void }

/** Holds one snapshot, as a backup or a forgotten shell does. */
const openPinned = (path: string): Reader => {
  const client = new Database(path)
  client.exec('BEGIN')
  client.prepare('SELECT count(*) FROM partners').get()
  return { stop: () => client.close() }
}

const openReturning = (path: string): Reader => {
  let reader = openPinned(path)
  const timer = setInterval(() => {
    reader.stop()
    reader = openPinned(path)
  }, SECOND)
  return {
    stop: () => {
      clearInterval(timer)
      reader.stop()
    },
  }
}

/** Registers one serial a call, `IN_FLIGHT` calls in parallel, and returns how long each took. */
const writeFor = async (store: Store, runMs: number): Promise<number[]> => {
  const owner = { partnerId: await addPartner(store), accountId: await addAccount(store) }
  let serials = 0
  const took: number[] = []
  const endsAt = performance.now() + runMs
  const write = async () => {
    while (performance.now() < endsAt) {
      const idcardid = serialAt(serials++)
      const startedAt = performance.now()
      await store.register([newRegistration({ ...owner, idcardid })])
      took.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, write))
  return took
}

const run = async (openReader: ((path: string) => Reader) | null, runMs: number): Promise<Sample> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-pinned-'))
  const path = join(folder, 'bench.db')
  const store = await openRemoteStore({ path, masterKey: randomBytes(32), now: Date.now, defaultRate: 1e9 })
  const reader = openReader?.(path) ?? null
  try {
    const took = await writeFor(store, runMs)
    return {
      writesPerSecond: (took.length * SECOND) / runMs,
      p50Ms: percentile(took, 0.5),
      p99Ms: percentile(took, 0.99),
      longestMs: took.reduce((longest, ms) => Math.max(longest, ms), 0),
      logMegabytes: statSync(`${path}-wal`).size / 1e6,
    }
  } finally {
    reader?.stop()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const COLUMNS: Columns = {
  'writes/s': ['writesPerSecond', 0],
  'p50, ms': ['p50Ms', 1],
  'p99, ms': ['p99Ms', 1],
  'longest, ms': ['longestMs', 0],
  'log, MB': ['logMegabytes', 0],
}

export const pinned: Part = async ({ rounds, scale, say }) => {
  const runMs = RUN_MS * scale
  const contestants: Contestant[] = [
    { name: ALONE, run: () => run(null, runMs) },
    { name: PINNED, run: () => run(openPinned, runMs) },
    { name: RETURNING, run: () => run(openReturning, runMs) },
  ]
  const samples = await contest(contestants, { rounds, say })
  return {
    part: 'pinned',
    title: 'Writing beside a long reader',
    method: `${IN_FLIGHT} registrations in flight for ${RUN_MS / SECOND} s, each a call of the store, while another connection to the file holds a snapshot: the
log cannot begin anew as long as it does. Writers must not notice, but for the log that grows.`,
    ...tableOf(samples, COLUMNS),
    findings: [PINNED, RETURNING].map(name =>
      findAtMost(`p99 of a write with ${name}, against that without`, ratioOf(samples, [name, ALONE], 'p99Ms'), {
        aim: 2,
      }),
    ),
    notes: [],
  }
}
