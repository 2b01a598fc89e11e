import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Run } from './deliver/job.ts'
import { openChild } from './support/child.ts'
import { type Contestant, contest, medianOf, ratioOf } from './support/contest.ts'
import { judgeAtLeast, judgeAtMost, type Part } from './support/part.ts'
import { openReceiver } from './support/receiver.ts'

const JOBS = 100_000

/** A worker that keeps its jobs in no database, or in its own process. */
const inProcess = (name: string, { jobs, url }: { jobs: number; url: string }, file: string): Contestant => ({
  name,
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'))
    try {
      await using child = openChild(join(import.meta.dirname, 'deliver', file))
      await child.ask({ kind: 'prepare', jobs, url, folder })
      const { seconds, cpuSeconds } = await child.ask<Run>({ kind: 'run' })
      return { jobsPerSecond: jobs / seconds, cpuMicros: (cpuSeconds * 1e6) / jobs }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})

export const deliver: Part = async ({ rounds, scale, say }) => {
  await using receiver = await openReceiver()
  const job = { jobs: JOBS * scale, url: receiver.url }
  const samples = await contest([inProcess('raw', job, 'raw.ts'), inProcess('ours', job, 'ours.ts')], { rounds, say })
  const toRaw = ratioOf(samples, ['ours', 'raw'], 'jobsPerSecond')
  const cpu = medianOf(samples, 'ours', 'cpuMicros')
  return {
    part: 'deliver',
    title: 'Deliver',
    method: '',
    columns: ['jobs/s', 'CPU, µs a job'],
    rows: [...samples.keys()].map(name => ({
      name,
      cells: {
        'jobs/s': medianOf(samples, name, 'jobsPerSecond').toFixed(0),
        'CPU, µs a job': medianOf(samples, name, 'cpuMicros').toFixed(0),
      },
    })),
    findings: [
      {
        what: 'against the raw loop',
        value: `${toRaw.toFixed(2)} ×`,
        aim: '≥ 1.0 ×, floor 0.7 ×',
        verdict: judgeAtLeast(toRaw, { aim: 1, floor: 0.7 }),
      },
      {
        what: 'processor time a job',
        value: `${cpu.toFixed(0)} µs`,
        aim: '≤ 50 µs',
        verdict: judgeAtMost(cpu, { aim: 50 }),
      },
    ],
    notes: [],
  }
}
