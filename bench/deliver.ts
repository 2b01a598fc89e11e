import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBullmq } from './deliver/bullmq.ts'
import { createGraphileWorker } from './deliver/graphile-worker.ts'
import { IN_FLIGHT, type Run } from './deliver/job.ts'
import { createPgBoss } from './deliver/pg-boss.ts'
import { openChild } from './support/child.ts'
import { type Contestant, contest, medianOf, ratioOf, type Samples } from './support/contest.ts'
import { type Finding, judgeAtLeast, judgeAtMost, type Part } from './support/part.ts'
import { openReceiver } from './support/receiver.ts'
import { whyNoRedis } from './support/redis.ts'

const JOBS = 100_000
const RAW = 'the limit: `Pool.request`, signed, nothing kept'
const OURS = 'ours'
const AIMS: readonly { base: string; aim: number; floor?: number }[] = [
  { base: RAW, aim: 1, floor: 0.7 },
  { base: 'BullMQ', aim: 2.5 },
  { base: 'graphile-worker', aim: 1.6 },
  { base: 'pg-boss', aim: 2.5 },
]
const CPU_AIM = 50

/** A worker that needs nothing but itself and a file. */
const alone = (name: string, file: string, { jobs, url }: { jobs: number; url: string }): Contestant => ({
  name,
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-deliver-'))
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

const METHOD = `${JOBS.toLocaleString('en')} signed POSTs of about 380 bytes that are due already, ${IN_FLIGHT} in flight, to one \`node:http\` receiver in
another process; the clock runs from the first one's start to when the last one's success is recorded. *CPU* is that of the
worker and its database together. Ours is the service's own deliverer, sender and store with all they do: an encrypted body
opened, the address judged, the attempt recorded and logged, and the record synced to the disk before it counts. The queues send with \`Pool.request\` and
the same signature, with the settings that made each fastest here: BullMQ on Redis with an append-only file synced once a
second, graphile-worker (\`localQueue\` 500, \`completeJobBatchDelay\` 0) and pg-boss (batches of 100, two workers, burst) on
PostgreSQL 18 with its defaults. *Enqueue* is one job at a time, each awaited.`

const COLUMNS = ['jobs/s', 'CPU, µs a job', 'enqueued/s'] as const

const cellsOf = (samples: Samples, name: string) => {
  const enqueued = medianOf(samples, name, 'enqueuePerSecond')
  return {
    'jobs/s': Math.round(medianOf(samples, name, 'jobsPerSecond')).toLocaleString('en'),
    'CPU, µs a job': medianOf(samples, name, 'cpuMicros').toFixed(0),
    ...(Number.isNaN(enqueued) ? {} : { 'enqueued/s': Math.round(enqueued).toLocaleString('en') }),
  }
}

const findingsOf = (samples: Samples): Finding[] => {
  const ratios = AIMS.filter(({ base }) => samples.has(base)).map(({ base, ...aim }): Finding => {
    const ratio = ratioOf(samples, [OURS, base], 'jobsPerSecond')
    return {
      what: `jobs/s, against ${base}`,
      value: `${ratio.toFixed(2)} ×`,
      aim: `≥ ${aim.aim} ×${aim.floor ? `, floor ${aim.floor} ×` : ''}`,
      verdict: judgeAtLeast(ratio, aim),
    }
  })
  const cpu = medianOf(samples, OURS, 'cpuMicros')
  return [
    ...ratios,
    {
      what: 'processor time a job',
      value: `${cpu.toFixed(0)} µs`,
      aim: `≤ ${CPU_AIM} µs`,
      verdict: judgeAtMost(cpu, { aim: CPU_AIM }),
    },
  ]
}

export const deliver: Part = async ({ rounds, scale, say }) => {
  await using receiver = await openReceiver()
  const job = { jobs: JOBS * scale, url: receiver.url }
  const noRedis = whyNoRedis()
  if (noRedis !== null) say(`without BullMQ: ${noRedis}`)
  const contestants = [
    alone(RAW, 'raw.ts', job),
    alone(OURS, 'ours.ts', job),
    createGraphileWorker(job),
    createPgBoss(job),
    ...(noRedis === null ? [createBullmq(job)] : []),
  ]
  const samples = await contest(contestants, { rounds, say })
  return {
    part: 'deliver',
    title: 'Deliver',
    method: METHOD,
    columns: COLUMNS,
    rows: [...samples.keys()].map(name => ({ name, cells: cellsOf(samples, name) })),
    findings: findingsOf(samples),
    notes: [
      'In a power cut BullMQ may lose the last second; the others, and we, lose nothing that was acknowledged.',
      'The limit keeps nothing: what it has sent, and has still to send, is lost with the process.',
      ...(noRedis === null ? [] : [`BullMQ was left out: ${noRedis}`]),
    ],
  }
}
