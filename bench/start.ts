import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contestant, contest, medianOf } from './support/contest.ts'
import { residentMb } from './support/machine.ts'
import { findAtMost, type Part, tableOf } from './support/part.ts'
import { benchEnvironment, openFolder, openService } from './support/service.ts'

const CLI = join(import.meta.dirname, '../src/bin.js')
const RUNS = 7
const REST_MS = 5_000

/** The time of a whole process, from its start to its end. */
const timeOf = async (args: readonly string[]) => {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
  return { ms: performance.now() - startedAt }
}

const serve = async (folder: string, restMs: number) => {
  await using service = await openService(folder, benchEnvironment(folder))
  await sleep(restMs)
  return { ms: service.startMs, rssMb: residentMb(service.pid) }
}

export const start: Part = async ({ rounds, scale, say }) => {
  using existing = openFolder()
  await serve(existing.path, 0)
  const contestants: Contestant[] = [
    { name: '`node -e 0`', run: () => timeOf(['-e', '0']) },
    { name: '`--help`', run: () => timeOf([CLI, '--help']) },
    {
      name: '`serve`, no database yet',
      run: async () => {
        using fresh = openFolder()
        return await serve(fresh.path, REST_MS * scale)
      },
    },
    { name: '`serve`, a database', run: () => serve(existing.path, REST_MS * scale) },
  ]
  const samples = await contest(contestants, { rounds: scale >= 1 ? Math.max(rounds, RUNS) : rounds, say })
  const of = (name: string, figure: string) => medianOf(samples, name, figure)
  const ready = Math.max(of('`serve`, no database yet', 'ms'), of('`serve`, a database', 'ms'))
  return {
    part: 'start',
    title: 'Start',
    ...tableOf(samples, { ms: ['ms', 0], 'RSS, MB': ['rssMb', 0] }),
    findings: [
      findAtMost('`serve` ready (the slower of both)', ready, { aim: 400, floor: 500, unit: ' ms', digits: 0 }),
      findAtMost('`--help`', of('`--help`', 'ms'), { aim: 200, unit: ' ms', digits: 0 }),
      findAtMost('memory at rest', of('`serve`, a database', 'rssMb'), {
        aim: 110,
        floor: 120,
        unit: ' MB',
        digits: 0,
      }),
    ],
    notes: ['The files of the program and of Node were in the system’s page cache.'],
  }
}
