import { join } from 'node:path'
import { Client } from 'pg'
import { createGraphileWorker } from './deliver/graphile-worker.ts'
import { IN_FLIGHT } from './deliver/job.ts'
import { createPgBoss } from './deliver/pg-boss.ts'
import { fillDatabase } from './growth/fill.ts'
import { moveInto } from './growth/move.ts'
import { measureQueues } from './growth/queues.ts'
import { nodesContestant } from './nodes/deliver.ts'
import { multiply } from './nodes/multiply.ts'
import { service } from './register.ts'
import { type Contestant, contest, medianOf, ratioOf, type Samples } from './support/contest.ts'
import type { Database } from './support/database.ts'
import { type Columns, findAtLeast, findAtMost, type Part, tableOf } from './support/part.ts'
import { openPostgres } from './support/postgres.ts'
import { openReceiver } from './support/receiver.ts'
import { openFolder } from './support/service.ts'
import { openNames } from './support/tls.ts'

const JOBS = 10_000
const SINGLE = { requests: 10_000, width: 64, size: 1 }
const SIZES = { '10 thousand rows': 10_000, '1 million rows': 1_000_000 }
/** The largest has this many times the rows of the last of them. */
const TIMES = 10
const MULTIPLIED = '10 million rows'
const QUICK_SIZES = { '10 thousand rows': 10_000, '100 thousand rows': 100_000 }
/** A look takes a tenth. */
const QUICK = 0.1
const BATCHES = 100
/** Number of batches with a pause between them. */
const SLOW_BATCHES = 30
/** How long a transaction has been open when claims are measured beside it. */
const OPEN_FOR_MS = 120_000

const nodes = (count: number): string => (count === 1 ? 'deliver: ours, 1 node' : `deliver: ours, ${count} nodes`)
const REGISTER = 'register: ours, one by one over HTTP'
/** Similar queues, and how many times their speed ours has to reach. */
const QUEUES = [
  { base: 'graphile-worker', aim: 1.3, floor: 1.1 },
  { base: 'pg-boss', aim: 1.5, floor: 1.1 },
]
const REGISTER_AIM = { aim: 3 }
const COSTS = [
  { what: 'statements', one: 'statements', aim: 0.1, floor: 0.12, unit: '', digits: 3 },
  { what: 'WAL', one: 'walBytes', aim: 400, floor: 450, unit: ' B', digits: 0 },
]
const OPEN = 'beside a transaction that stays open'
/** How long each batch of 100 rows waits after the last, in ms: some 800 rows a second, as a busy service has them; as fast as can be. */
const PACES = { ', 800 a second': 110, '': 0 }

/** A database of each size, filled as an SQLite file and moved, and one that is a multiple. */
const fillSizes = async (server: Database, sizes: Readonly<Record<string, number>>, say: (line: string) => void) => {
  using folder = openFolder()
  const filled = new Map<string, { database: string; masterKey: Buffer }>()
  const admin = new Client({ connectionString: server.connection })
  await admin.connect()
  for (const [name, rows] of Object.entries(sizes)) {
    const path = join(folder.path, `${rows}.db`)
    const file = await fillDatabase(path, { rows, now: Date.now() })
    await admin.query(`CREATE DATABASE rows_${rows}`)
    const database = server.connection.replace('/postgres?', `/rows_${rows}?`)
    await moveInto(database, file)
    filled.set(name, { database, masterKey: file.masterKey })
    say(`filled ${name}`)
  }
  const last = [...filled.values()].at(-1)
  const rows = Object.values(sizes).at(-1) ?? 0
  if (last && rows >= SIZES['1 million rows']) {
    await admin.query(`CREATE DATABASE multiplied TEMPLATE rows_${rows}`)
    const database = server.connection.replace('/postgres?', '/multiplied?')
    await multiply(database, rows, TIMES)
    filled.set(MULTIPLIED, { ...last, database })
    say(`filled ${MULTIPLIED}`)
  }
  await admin.query('CHECKPOINT')
  await admin.end()
  return filled
}

const claims = (
  name: string,
  { database, masterKey }: { database: string; masterKey: Buffer },
  { batches, pauseMs }: { batches: number; pauseMs: number },
): Contestant => ({
  name,
  run: () => measureQueues({ database, masterKey: masterKey.toString('base64'), batches, pauseMs }),
})

/** A session that has looked at something, and stays in its transaction. */
const openTransaction = async (connection: string) => {
  const client = new Client({ connectionString: connection })
  await client.connect()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await client.query('SELECT count(*) FROM partners')
  return client
}

const COLUMNS: Columns = {
  'jobs/s': ['jobsPerSecond', 0],
  'CPU, µs a job': ['cpuMicros', 0],
  'of it the database': ['databaseCpuMicros', 0],
  'statements a job': ['statements', 3],
  'WAL, B a job': ['walBytes', 0],
  'enqueued/s': ['enqueuePerSecond', 0],
  'registrations/s': ['registrationsPerSecond', 0],
  'a poll, µs': ['pollMicros', 0],
  'a delivery, µs': ['sendMicros', 0],
}

export const nodesPart: Part = async ({ rounds, scale, trees, say }) => {
  await using names = await openNames()
  await using receiver = await openReceiver(names)
  const load = { jobs: JOBS * scale, urls: [receiver.urlOf('https')], trust: names.trust }
  const work = await contest(
    [
      ...[1, 2, 4].flatMap(count => trees.map(tree => nodesContestant(nodes(count), count, load, tree))),
      createGraphileWorker(load),
      createPgBoss(load),
      ...trees.map(tree =>
        service(REGISTER, { ...SINGLE, requests: SINGLE.requests * scale }, { tree, openDatabase: openPostgres }),
      ),
    ],
    { rounds, say },
  )
  await using server = await openPostgres()
  const filled = await fillSizes(server, scale > QUICK ? SIZES : QUICK_SIZES, say)
  const [smallest = ''] = filled.keys()
  const largest = [...filled.keys()].at(-1) ?? ''
  const middle = [...filled.keys()].at(1) ?? smallest
  const measured = filled.get(middle)
  if (!measured) throw new Error('nothing was filled')
  const paceOf = (pauseMs: number) => ({ pauseMs, batches: pauseMs > 0 ? SLOW_BATCHES : Math.ceil(BATCHES * scale) })
  const sizes = await contest(
    [
      ...[...filled].map(([name, one]) => claims(name, one, paceOf(0))),
      ...Object.entries(PACES)
        .filter(([, pauseMs]) => pauseMs > 0)
        .map(([pace, pauseMs]) => claims(middle + pace, measured, paceOf(pauseMs))),
    ],
    { rounds, say },
  )
  const openForMs = scale > QUICK ? OPEN_FOR_MS : OPEN_FOR_MS * scale
  const beside = new Map<string, Record<string, number>[]>()
  for (const [pace, pauseMs] of Object.entries(PACES)) {
    const name = OPEN + pace
    const transaction = await openTransaction(measured.database)
    const endAt = Date.now() + openForMs
    while (Date.now() < endAt) beside.set(name, [{ ...(await claims(name, measured, paceOf(pauseMs)).run()) }])
    await transaction.query('ROLLBACK')
    await transaction.end()
    say(`${name}: ${JSON.stringify(beside.get(name))}`)
  }

  const findings = [
    ...COSTS.map(({ what, one, ...aim }) =>
      findAtMost(`deliver, one node: ${what} a job`, medianOf(work, nodes(1), one), aim),
    ),
    ...QUEUES.flatMap(({ base, ...aim }) => [
      findAtLeast(`deliver, one node, against ${base}`, ratioOf(work, [nodes(1), base], 'jobsPerSecond'), aim),
      findAtLeast(
        `register, against the enqueue of ${base}`,
        medianOf(work, REGISTER, 'registrationsPerSecond') / medianOf(work, base, 'enqueuePerSecond'),
        REGISTER_AIM,
      ),
    ]),
    ...Object.entries({ 'a poll': 'pollMicros', 'a delivery': 'sendMicros' }).flatMap(([what, one]) => [
      findAtMost(
        `claim and settle ${what}: ${largest} against ${smallest}`,
        medianOf(sizes, largest, one) / medianOf(sizes, smallest, one),
        { aim: 2 },
      ),
      ...Object.keys(PACES).map(pace =>
        findAtMost(
          `claim and settle ${what} ${OPEN}${pace}`,
          medianOf(beside, OPEN + pace, one) / medianOf(sizes, middle + pace, one),
          { aim: 3 },
        ),
      ),
    ]),
  ]
  const all: Samples = new Map([...work, ...sizes, ...beside])
  return {
    part: 'nodes',
    title: 'On PostgreSQL',
    method: `PostgreSQL 18 with its defaults, ${(JOBS * scale).toLocaleString('en')} signed POSTs as for *Deliver*, each contestant on a server of its own that
begins empty; the worker, or the nodes, and the server share this machine, so several nodes show what they cost each other, not what they
gain. *Register* is \`POST /v1/registrations\` over kept connections, ${SINGLE.width} in flight; the queues' *enqueue* is one job at a time, each awaited.
*Statements* are those that the workers send, a script of several being one; *WAL* is what PostgreSQL's log grows by, without the copies of
pages that a checkpoint causes.
*Rows*: claims of 100 rows each and the record of their outcomes, in a database of so many rows, half of them polls, half deliveries, most of
them due; deliveries succeed at once, and what is delivered is replaced as for *Grows flat*; the largest is the one before ten times over, the
copies' deliveries due later; *${OPEN}*: the same in the second of these, at the end of ${openForMs / 1000} s for which another session's transaction was open
and claims went on, as fast as they can or some 800 rows a second.`,
    ...tableOf(all, COLUMNS),
    findings,
    notes: [`At most ${IN_FLIGHT} POSTs are in flight for each node.`],
  }
}
