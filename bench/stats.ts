import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HOUR } from '../src/core/duration.ts'
import { openRemoteStore } from '../src/store/sqlite/thread/remote-store.ts'
import type { Filled } from './growth/fill.ts'
import { DUE_WINDOW_MS, fillDatabase } from './growth/fill.ts'
import { contest, medianOf, percentile, type Sample } from './support/contest.ts'
import { findAtMost, type Part, tableOf } from './support/part.ts'
import { openFolder } from './support/service.ts'

const SIZES = { '100 thousand': 100_000, '1 million': 1_000_000 }
const QUICK_SIZES = { '10 thousand': 10_000, '100 thousand': 100_000 }
const PARTNERS = 200
const QUEUES = 6
const CALLS = 500
const WARM_UP = 50
const AIM = { aim: 10, unit: ' ms', digits: 1 }

const DUES = ['all due', 'nothing due'] as const
type Dues = (typeof DUES)[number]

/** Each call follows a commit, as in a service: SQLite then takes nothing from its own cache. */
const measure = async ({ path, masterKey }: Filled, dues: Dues, calls: number): Promise<Sample> => {
  const behind = dues === 'all due' ? 0 : DUE_WINDOW_MS + HOUR
  const store = await openRemoteStore({ path, masterKey, now: () => Date.now() - behind, defaultRate: 1e6 })
  const took: number[] = []
  for (let call = -WARM_UP; call < calls; call++) {
    await store.probe()
    const startedAt = performance.now()
    await store.stats()
    if (call >= 0) took.push(performance.now() - startedAt)
  }
  await store.close()
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99), longest: percentile(took, 1) }
}

/** Fills all files first, so that the sizes can be measured in turn. */
export const stats: Part = async ({ rounds, scale, say }) => {
  using folder = openFolder()
  const sizes = scale >= 1 ? SIZES : QUICK_SIZES
  const files = new Map<string, Filled>()
  const filledAt = Date.now()
  for (const [name, rows] of Object.entries(sizes)) {
    mkdirSync(join(folder.path, String(rows)))
    const path = join(folder.path, String(rows), 'notifier.db')
    files.set(name, await fillDatabase(path, { rows, now: filledAt, partners: PARTNERS, queues: QUEUES }))
    say(`filled ${name}`)
  }
  const nameOf = (size: string, dues: Dues) => `${size}, ${dues}`
  const samples = await contest(
    [...files].flatMap(([size, filled]) =>
      DUES.map(dues => ({ name: nameOf(size, dues), run: () => measure(filled, dues, CALLS * scale) })),
    ),
    { rounds, say },
  )
  const largest = Object.keys(sizes).at(-1) ?? ''
  return {
    part: 'stats',
    title: 'What operators are told',
    method: `\`stats()\`, which the metrics, \`status\` and the overview are made of, ${CALLS} times one after another, on the thread that reads, each call
after a commit. One SQLite file for each size, filled as for *Grows flat*, but of ${PARTNERS} partners, with four hosts and ${QUEUES} poll queues
each. *All due*: half of the rows are verifications that are due, nearly all others are messages that are; up to 10,000 of each are
counted. *Nothing due*: the clock is before the first due time.`,
    ...tableOf(samples, { 'p50, ms': ['p50', 1], 'p99, ms': ['p99', 1], 'longest, ms': ['longest', 1] }),
    findings: DUES.map(dues =>
      findAtMost(`\`stats()\`, p99 at ${nameOf(largest, dues)}`, medianOf(samples, nameOf(largest, dues), 'p99'), AIM),
    ),
    notes: ['All that is read was in the system’s page cache.'],
  }
}
