import { closeSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { type Filled, fillDatabase } from './growth/fill.ts'
import { measureQueues } from './growth/queues.ts'
import { contest, ratioOf } from './support/contest.ts'
import { type Columns, findAtMost, type Part, tableOf } from './support/part.ts'
import { openFolder } from './support/service.ts'

const SIZES = { '10 thousand rows': 10_000, '1 million rows': 1_000_000, '10 million rows': 10_000_000 }
const QUICK_SIZES = { '10 thousand rows': 10_000, '100 thousand rows': 100_000 }
const BATCHES = 100
const COLUMNS: Columns = {
  'poll, µs a row': ['pollMicros', 0],
  'p99 of a poll': ['pollP99Micros', 0],
  'CPU, µs a poll': ['pollCpuMicros', 0],
  'delivery, µs a row': ['sendMicros', 0],
  'p99 of a delivery': ['sendP99Micros', 0],
  'CPU, µs a delivery': ['sendCpuMicros', 0],
  'RSS, MB': ['rssMb', 0],
}

/** Reads the file once, because not all of it is in the system's page cache, and the store is to be measured, not the disk. */
const readWhole = (path: string) => {
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(1024 * 1024)
  while (readSync(file, bytes) > 0);
  closeSync(file)
}

/** Fills all files first, so that the sizes can be measured in turn. */
export const growth: Part = async ({ rounds, scale, say }) => {
  using folder = openFolder()
  const files = new Map<string, Filled>()
  for (const [name, rows] of Object.entries(scale >= 1 ? SIZES : QUICK_SIZES)) {
    const path = join(folder.path, String(rows))
    mkdirSync(path)
    files.set(name, await fillDatabase(join(path, 'notifier.db'), { rows, now: Date.now() }))
    say(`filled ${name}`)
  }
  for (const { path } of files.values()) readWhole(path)
  const samples = await contest(
    [...files].map(([name, { path, masterKey }]) => ({
      name,
      run: () => measureQueues({ path, masterKey: masterKey.toString('base64'), batches: BATCHES * scale }),
    })),
    { rounds, say },
  )
  const [small = '', ...larger] = files.keys()
  const large = larger.at(-1) ?? small
  return {
    part: 'growth',
    title: 'Grows flat',
    ...tableOf(samples, COLUMNS),
    findings: Object.entries({ poll: 'pollMicros', delivery: 'sendMicros' }).map(([what, figure]) =>
      findAtMost(`a ${what}: ${large} to ${small}`, ratioOf(samples, [large, small], figure), { aim: 2 }),
    ),
    notes: ['The indexes were made after the rows, so they are packed; those that have grown for months are looser.'],
  }
}
