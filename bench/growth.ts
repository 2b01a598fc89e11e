import { closeSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { type Filled, fillDatabase, postpone, shuffleDueTimes } from './growth/fill.ts'
import { type Dues, measureQueues } from './growth/queues.ts'
import { reportGrowth } from './growth/report.ts'
import { measureService } from './growth/service.ts'
import { contest, type Samples } from './support/contest.ts'
import type { Part } from './support/part.ts'
import { openFolder } from './support/service.ts'

const SIZES = { '10 thousand': 10_000, '1 million': 1_000_000, '10 million': 10_000_000 }
const QUICK_SIZES = { '10 thousand': 10_000, '100 thousand': 100_000 }
const BATCHES = 500
const IDLE_SECONDS = 20

export interface Measured {
  sizes: readonly string[]
  inOrder: Samples
  atRandom: Samples
  service: Samples
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
  const sizes = scale >= 1 ? SIZES : QUICK_SIZES
  const files = new Map<string, Filled>()
  for (const [name, rows] of Object.entries(sizes)) {
    const path = join(folder.path, String(rows))
    mkdirSync(path)
    files.set(name, await fillDatabase(join(path, 'notifier.db'), { rows, now: Date.now() }))
    say(`filled ${name}`)
  }
  const all = [...files.values()]

  const each = (run: (filled: Filled) => ReturnType<typeof measureService>) =>
    contest(
      [...files].map(([name, filled]) => ({ name, run: () => run(filled) })),
      { rounds, say },
    )
  const queues = (dues: Dues) =>
    each(({ path, masterKey }) =>
      measureQueues({ path, masterKey: masterKey.toString('base64'), batches: BATCHES * scale, dues }),
    )

  for (const { path } of all) readWhole(path)
  const inOrder = await queues('in order')
  for (const { path } of all) shuffleDueTimes(path, Date.now())
  for (const { path } of all) readWhole(path)
  const atRandom = await queues('at random')
  for (const { path } of all) postpone(path, Date.now())
  const service = await each(filled => measureService(filled, IDLE_SECONDS * scale))
  return reportGrowth({ sizes: [...files.keys()], inOrder, atRandom, service })
}
