import { join } from 'node:path'
import { type Api, openApi } from './support/api.ts'
import { openChild } from './support/child.ts'
import {
  type Contestant,
  contest,
  medianOf,
  percentile,
  ratioOf,
  type Sample,
  type Samples,
} from './support/contest.ts'
import type { Database, DatabaseCost } from './support/database.ts'
import { bytesWritten, cpuSeconds } from './support/machine.ts'
import { type Outside, openOutside, serialUntil, sharedNow, untilCounts, verdictAt } from './support/outside.ts'
import { atRate } from './support/pace.ts'
import { type Columns, findAtMost, type Part, tableOf } from './support/part.ts'
import { openPostgres } from './support/postgres.ts'
import { openScene } from './support/scene.ts'
import { createPartner, openFolder } from './support/service.ts'
import { openNames } from './support/tls.ts'
import type { Tree } from './support/tree.ts'
import type { Done, Opened, Opening } from './trickle/plain-program.ts'

/** Registrations a second. */
const SLOW = 1
const STEADY = 20
const BUSY = 120
const QUICK = 0.1
const SECONDS = 10
const QUICK_SECONDS = 3
/** Registered before the clock starts, for the compiler; their serials have a verdict at once. */
const WARM_UP = { rate: 100, seconds: 2 }
const INTERVAL_MS = 1_000
/** The verdict comes this many intervals after the registration, in turn. */
const LOOKS = [2, 3]
const SETTINGS = {
  UPSTREAM_RATE: '100000',
  UPSTREAM_CONCURRENCY: '100',
  POLL_MIN_INTERVAL: `${INTERVAL_MS}ms`,
  POLL_MAX_INTERVAL: `${INTERVAL_MS}ms`,
}
const SQLITE = 'ours'
const POSTGRES = 'ours, PostgreSQL'
const PROGRAM = 'a program of a day'
const at = (name: string, rate: number) => `${name}: ${rate} a second`

interface Pace {
  rate: number
  seconds: number
}
interface Scene {
  api: Api
  outside: Outside
  pid: number
  /** So far, as the process counts them itself. */
  commits: () => Promise<number>
  /** One that is other processes, and counts commits. */
  database: Database | null
}

/** Registers one by one at this pace; resolves when the last webhook has arrived. */
const run = async ({ api, outside }: Scene, pace: Pace, isWarmUp = false) => {
  const { hooks } = await outside.counts()
  const registered = await atRate(pace, async index => {
    const sentAt = sharedNow()
    const looks = LOOKS[index % LOOKS.length] ?? 0
    const idcardid = serialUntil(isWarmUp ? 0 : sentAt + looks * INTERVAL_MS, index)
    await api.register({ idcardid, callbackUrl: outside.hookUrl })
    return sharedNow() - sentAt
  })
  const failed = registered.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
  await untilCounts(outside, counts => counts.hooks >= hooks + registered.length)
  return registered.map(result => (result.status === 'fulfilled' ? result.value : Number.NaN))
}

const measure = async (scene: Scene, pace: Pace): Promise<Sample> => {
  const { outside, pid, commits, database } = scene
  await run(scene, WARM_UP, true)
  await outside.stamps()
  const before = { ...(await outside.counts()), commits: await commits(), cpu: cpuSeconds(pid), ...bytesWritten(pid) }
  const work = () => run(scene, pace)
  const { result: toAnswer, cost } = database
    ? await database.measure(work)
    : { result: await work(), cost: { cpuSeconds: 0 } as DatabaseCost }
  const jobs = toAnswer.length
  const cpu = cpuSeconds(pid) - before.cpu
  const { called, stored } = bytesWritten(pid)
  const { polls } = await outside.counts()
  const { polled, hooked } = await outside.stamps()
  const answeredAt = new Map(polled)
  const told = hooked.map(([serial, at]) => at - verdictAt(serial))
  const afterAnswer = hooked.map(([serial, at]) => at - (answeredAt.get(serial) ?? Number.NaN))
  return {
    cpuMs: ((cpu + cost.cpuSeconds) * 1e3) / jobs,
    ...(cost.walBytes === undefined
      ? {}
      : { databaseCpuMs: (cost.cpuSeconds * 1e3) / jobs, walKb: cost.walBytes / 1e3 / jobs }),
    writtenKb: (called - before.called) / 1e3 / jobs,
    storedKb: (stored - before.stored) / 1e3 / jobs,
    commits: (cost.commits ?? (await commits()) - before.commits) / jobs,
    polls: (polls - before.polls) / jobs,
    registerP50: percentile(toAnswer, 0.5),
    registerP95: percentile(toAnswer, 0.95),
    toldP50: percentile(told, 0.5),
    toldP95: percentile(told, 0.95),
    afterAnswerP50: percentile(afterAnswer, 0.5),
    afterAnswerP95: percentile(afterAnswer, 0.95),
  }
}

/** `serve`, with its log in a file. */
const service = (pace: Pace, tree: Tree, openDatabase?: () => Promise<Database>) => async (): Promise<Sample> => {
  await using scene = await openScene(SETTINGS, tree, openDatabase)
  const { url, pid, outside, database } = scene
  await using api = openApi(url, await createPartner(url, 'trickle'))
  const commits = async () => {
    const page = await (await fetch(`${url}/metrics`)).text()
    return Number(/^idface_commit_duration_seconds_count (\d+)$/m.exec(page)?.[1])
  }
  return await measure({ api, outside, pid, commits, database }, pace)
}

const program = (pace: Pace) => async (): Promise<Sample> => {
  using folder = openFolder()
  await using names = await openNames()
  await using outside = await openOutside(names, { scheme: 'http' })
  await using child = openChild(join(import.meta.dirname, 'trickle/plain-program.ts'))
  const opening: Opening = {
    kind: 'open',
    path: join(folder.path, 'jobs.db'),
    upstreamUrl: outside.upstreamUrl,
    intervalMs: INTERVAL_MS,
  }
  const { url, apiKey } = await child.ask<Opened>({ ...opening })
  await using api = openApi(url, apiKey)
  const commits = async () => (await child.ask<Done>({ kind: 'done' })).commits
  return await measure({ api, outside, pid: child.pid, commits, database: null }, pace)
}

const COLUMNS: Columns = {
  'CPU, ms a job': ['cpuMs', 2],
  'of it the database': ['databaseCpuMs', 2],
  'written, kB a job': ['writtenKb', 0],
  'to the disk, kB': ['storedKb', 0],
  'WAL, kB': ['walKb', 1],
  'commits a job': ['commits', 1],
  'polls a job': ['polls', 1],
  'register, p50, ms': ['registerP50', 1],
  'register, p95': ['registerP95', 1],
  'told after, p50, ms': ['toldP50', 0],
  'told after, p95': ['toldP95', 0],
  'answer → webhook, p50, ms': ['afterAnswerP50', 0],
  'answer → webhook, p95': ['afterAnswerP95', 0],
}

export const trickle: Part = async ({ rounds, scale, trees, say }) => {
  const seconds = scale <= QUICK ? QUICK_SECONDS : SECONDS * scale
  const contestantsAt = (rate: number): Contestant[] => [
    ...trees.map(tree => ({ name: tree.nameOf(at(SQLITE, rate)), run: service({ rate, seconds }, tree) })),
    { name: at(PROGRAM, rate), run: program({ rate, seconds }) },
    ...trees.map(tree => ({
      name: tree.nameOf(at(POSTGRES, rate)),
      run: service({ rate, seconds }, tree, openPostgres),
    })),
  ]
  // Hardly anything but the cost of being there, which is the same each time.
  const slow = scale <= QUICK ? [] : await contest(contestantsAt(SLOW), { rounds: 1, say })
  const others = await contest([STEADY, BUSY].flatMap(contestantsAt), { rounds, say })
  const samples: Samples = new Map([...slow, ...others])
  const toProgram = (rate: number, figure: string) => ratioOf(samples, [at(SQLITE, rate), at(PROGRAM, rate)], figure)
  const ms = (what: string, name: string, figure: string, aim: { aim: number; floor: number }) =>
    findAtMost(`${at(name, BUSY)}: ${what}`, medianOf(samples, at(name, BUSY), figure), {
      ...aim,
      unit: ' ms',
      digits: 1,
    })
  return {
    part: 'trickle',
    title: 'A trickle',
    ...tableOf(samples, COLUMNS),
    findings: [
      findAtMost(`${BUSY} a second: processor time a job, against ${PROGRAM}`, toProgram(BUSY, 'cpuMs'), {
        aim: 1,
        floor: 1.3,
      }),
      findAtMost(`${BUSY} a second: bytes written a job, against ${PROGRAM}`, toProgram(BUSY, 'writtenKb'), {
        aim: 1.5,
        floor: 2,
      }),
      findAtMost(`${STEADY} a second: processor time a job, against ${PROGRAM}`, toProgram(STEADY, 'cpuMs'), {
        aim: 1.5,
        floor: 2,
      }),
      ms('register, p50', SQLITE, 'registerP50', { aim: 3, floor: 5 }),
      ms('told after, p50', SQLITE, 'toldP50', { aim: 20, floor: 40 }),
      ms('told after, p50', POSTGRES, 'toldP50', { aim: 40, floor: 60 }),
    ],
    notes: ['All processes share two cores, the database too.'],
  }
}
