import { alone, type Scene } from './deliver/alone.ts'
import { createBullmq } from './deliver/bullmq.ts'
import { createGraphileWorker } from './deliver/graphile-worker.ts'
import { IN_FLIGHT } from './deliver/job.ts'
import { createPgBoss } from './deliver/pg-boss.ts'
import { contest, ratioOf, type Samples } from './support/contest.ts'
import { type Columns, type Finding, findAtLeast, findAtMost, type Part, tableOf } from './support/part.ts'
import { openReceiver } from './support/receiver.ts'
import { whyNoRedis } from './support/redis.ts'
import { openNames } from './support/tls.ts'

const JOBS = 20_000
const HOSTS = 1_000
const RAW = 'the limit: `Pool.request`, signed, nothing kept'
const OURS = 'ours'
const SENDER = 'our sender alone, signed, nothing kept'
const RAW_HOSTS = `${HOSTS} hosts, one message each: \`Agent.request\`, signed, nothing kept`
const OURS_HOSTS = `${HOSTS} hosts, one message each: ours`
const plain = (name: string) => `plain http: ${name}`
const AIMS: readonly { name: string; base: string; aim: number; floor?: number }[] = [
  { name: OURS, base: RAW, aim: 1.1, floor: 0.95 },
  { name: SENDER, base: RAW, aim: 1.1 },
  { name: OURS, base: 'BullMQ', aim: 2.5, floor: 1.8 },
  { name: OURS, base: 'graphile-worker', aim: 1.6, floor: 1.5 },
  { name: OURS, base: 'pg-boss', aim: 2, floor: 1.7 },
  { name: plain(OURS), base: plain(RAW), aim: 0.9, floor: 0.8 },
  { name: OURS_HOSTS, base: RAW_HOSTS, aim: 1, floor: 0.7 },
]
const CPU_AIMS: typeof AIMS = [
  { name: OURS, base: RAW, aim: 0.9, floor: 1 },
  { name: SENDER, base: RAW, aim: 1 },
  { name: plain(OURS), base: plain(RAW), aim: 1, floor: 1.2 },
  { name: OURS_HOSTS, base: RAW_HOSTS, aim: 1 },
]

const METHOD = `${JOBS.toLocaleString('en')} signed POSTs of about 380 bytes that are due already, ${IN_FLIGHT} in flight, to one \`node:https\` receiver in
another process, over TLS 1.3 with a certificate of a local authority; the clock runs from the first one's start to when the last one's
success is recorded. *CPU* is that of the
worker and its database together. Ours is the service's own deliverer, sender and store with all they do: an encrypted body
opened, the name resolved by the benchmark's name server, its address judged, the attempt recorded and logged, and the record synced to
the disk before it counts; *our sender alone* keeps nothing, like the limit. The queues send with \`Pool.request\` and
the same signature, with the settings that made each fastest here: BullMQ on Redis with an append-only file synced once a
second, graphile-worker (\`localQueue\` 500, \`completeJobBatchDelay\` 0) and pg-boss (batches of 100, two workers, burst) on
PostgreSQL 18 with its defaults. *Enqueue* is one job at a time, each awaited. *Plain http* is the same without TLS, which production
refuses. *${HOSTS.toLocaleString('en')} hosts*: a message for each of as many names of the receiver, so that each takes a connection of its own.`

const COLUMNS: Columns = {
  'jobs/s': ['jobsPerSecond', 0],
  'CPU, µs a job': ['cpuMicros', 0],
  handshakes: ['handshakes', 0],
  'enqueued/s': ['enqueuePerSecond', 0],
}

const findingsOf = (samples: Samples): Finding[] => {
  const rates = AIMS.filter(({ base }) => samples.has(base)).map(({ name, base, ...aim }) =>
    findAtLeast(`${name}: jobs/s, against ${base}`, ratioOf(samples, [name, base], 'jobsPerSecond'), aim),
  )
  const cpus = CPU_AIMS.map(({ name, base, ...aim }) =>
    findAtMost(`${name}: processor time a job, against ${base}`, ratioOf(samples, [name, base], 'cpuMicros'), aim),
  )
  return [...rates, ...cpus]
}

export const deliver: Part = async ({ rounds, scale, trees, say }) => {
  await using names = await openNames(HOSTS)
  await using receiver = await openReceiver(names)
  const sceneOf = (jobs: number, urls: string[]): Scene => ({ receiver, load: { jobs, urls, trust: names.trust } })
  const secure = sceneOf(JOBS * scale, [receiver.urlOf('https')])
  const open = sceneOf(JOBS * scale, [receiver.urlOf('http')])
  const hosts = sceneOf(
    HOSTS,
    Array.from({ length: HOSTS }, (_, index) => receiver.urlOf('https', index)),
  )
  const noRedis = whyNoRedis()
  if (noRedis !== null) say(`without BullMQ: ${noRedis}`)
  const contestants = [
    alone(RAW, 'raw.ts', secure),
    ...trees.map(tree => alone(tree.nameOf(OURS), 'ours.ts', secure, tree)),
    ...trees.map(tree => alone(tree.nameOf(SENDER), 'sender.ts', secure, tree)),
    createGraphileWorker(secure.load),
    createPgBoss(secure.load),
    ...(noRedis === null ? [createBullmq(secure.load)] : []),
    alone(plain(RAW), 'raw.ts', open),
    ...trees.map(tree => alone(tree.nameOf(plain(OURS)), 'ours.ts', open, tree)),
    alone(RAW_HOSTS, 'raw.ts', hosts),
    ...trees.map(tree => alone(tree.nameOf(OURS_HOSTS), 'ours.ts', hosts, tree)),
  ]
  const samples = await contest(contestants, { rounds, say })
  return {
    part: 'deliver',
    title: 'Deliver',
    method: METHOD,
    ...tableOf(samples, COLUMNS),
    findings: findingsOf(samples),
    notes: [
      'In a power cut BullMQ may lose the last second; the others, and we, lose nothing that was acknowledged.',
      'The limit keeps nothing: what it has sent, and has still to send, is lost with the process.',
      ...(noRedis === null ? [] : [`BullMQ was left out: ${noRedis}`]),
    ],
  }
}
