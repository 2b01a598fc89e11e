import { alone, type Scene } from './deliver/alone.ts'
import { createBullmq } from './deliver/bullmq.ts'
import { createGraphileWorker } from './deliver/graphile-worker.ts'
import { contest, ratioOf, type Samples } from './support/contest.ts'
import { type Columns, type Finding, findAtLeast, findAtMost, type Part, tableOf } from './support/part.ts'
import { openReceiver } from './support/receiver.ts'
import { whyNoRedis } from './support/redis.ts'
import { openNames } from './support/tls.ts'

const JOBS = 20_000
const HOSTS = 1_000
const RAW = 'the limit: `Pool.request`, signed, nothing kept'
const OURS = 'ours'
const POSTGRES = 'ours, PostgreSQL'
const RAW_HOSTS = `${HOSTS} hosts, one message each: \`Agent.request\`, signed, nothing kept`
const OURS_HOSTS = `${HOSTS} hosts, one message each: ours`
const AIMS: readonly { name: string; base: string; aim: number; floor?: number }[] = [
  { name: OURS, base: RAW, aim: 1.1, floor: 0.95 },
  { name: OURS, base: 'BullMQ', aim: 2.5, floor: 1.8 },
  { name: POSTGRES, base: 'graphile-worker', aim: 1.3, floor: 1.1 },
  { name: OURS_HOSTS, base: RAW_HOSTS, aim: 1, floor: 0.7 },
]
const CPU_AIMS: typeof AIMS = [
  { name: OURS, base: RAW, aim: 0.9, floor: 1 },
  { name: OURS_HOSTS, base: RAW_HOSTS, aim: 1 },
]

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
  const hosts = sceneOf(
    HOSTS,
    Array.from({ length: HOSTS }, (_, index) => receiver.urlOf('https', index)),
  )
  const noRedis = whyNoRedis()
  if (noRedis !== null) say(`without BullMQ: ${noRedis}`)
  const contestants = [
    alone(RAW, 'raw.ts', secure),
    ...trees.map(tree => alone(OURS, 'ours.ts', secure, { tree })),
    ...trees.map(tree => alone(POSTGRES, 'ours.ts', secure, { tree, onPostgres: true })),
    createGraphileWorker(secure.load),
    ...(noRedis === null ? [createBullmq(secure.load)] : []),
    alone(RAW_HOSTS, 'raw.ts', hosts),
    ...trees.map(tree => alone(OURS_HOSTS, 'ours.ts', hosts, { tree })),
  ]
  const samples = await contest(contestants, { rounds, say })
  return {
    part: 'deliver',
    title: 'Deliver',
    ...tableOf(samples, COLUMNS),
    findings: findingsOf(samples),
    notes: [
      'In a power cut BullMQ may lose the last second; the others, and we, lose nothing that was acknowledged.',
      'The limit keeps nothing: what it has sent, and has still to send, is lost with the process.',
      ...(noRedis === null ? [] : [`BullMQ was left out: ${noRedis}`]),
    ],
  }
}
