import { setTimeout as sleep } from 'node:timers/promises'
import { openApi } from './support/api.ts'
import { type Contestant, contest, medianOf, type Sample } from './support/contest.ts'
import type { Database } from './support/database.ts'
import { cpuSeconds, residentMb } from './support/machine.ts'
import { serialUntil } from './support/outside.ts'
import { type Columns, findAtMost, type Part, tableOf } from './support/part.ts'
import { openPostgres } from './support/postgres.ts'
import { openScene } from './support/scene.ts'
import { createPartner } from './support/service.ts'
import type { Tree } from './support/tree.ts'

const SECONDS = 12
const OPEN_SECONDS = 6
/** After its start: V8 collects what it has left once more, ten seconds later. */
const CALM_MS = 15_000
/** After the registration. */
const SETTLE_MS = 4_000
const INTERVAL_MS = 333
const SETTINGS = { POLL_MIN_INTERVAL: `${INTERVAL_MS}ms`, POLL_MAX_INTERVAL: `${INTERVAL_MS}ms` }

/** The cost of a second for the service, and for its database. */
const measureFor = async (seconds: number, { pid, database }: { pid: number; database: Database | null }) => {
  const before = cpuSeconds(pid)
  const wait = () => sleep(seconds * 1_000)
  const cost = database ? (await database.measure(wait)).cost : void (await wait())
  return { own: ((cpuSeconds(pid) - before) * 1e3) / seconds, ofDatabase: cost && (cost.cpuSeconds * 1e3) / seconds }
}

const measure = async (tree: Tree, openDatabase?: () => Promise<Database>): Promise<Sample> => {
  await using scene = await openScene(SETTINGS, tree, openDatabase)
  const { url, pid, outside, database } = scene
  await sleep(CALM_MS)
  const rest = await measureFor(SECONDS, { pid, database })
  const rssMb = residentMb(pid)
  await using api = openApi(url, await createPartner(url, 'rest'))
  await api.register({ idcardid: serialUntil(Number.MAX_SAFE_INTEGER, 0), callbackUrl: outside.hookUrl })
  await sleep(SETTLE_MS)
  const { polls } = await outside.counts()
  const open = await measureFor(OPEN_SECONDS, { pid, database })
  const asked = (await outside.counts()).polls - polls
  return {
    restMs: rest.own,
    openMs: open.own,
    ...(rest.ofDatabase !== undefined && { restDatabaseMs: rest.ofDatabase, openDatabaseMs: open.ofDatabase ?? 0 }),
    pollsPerSecond: asked / OPEN_SECONDS,
    rssMb,
  }
}

const COLUMNS: Columns = {
  'at rest, ms a second': ['restMs', 1],
  'its database': ['restDatabaseMs', 1],
  'with an open serial, ms a second': ['openMs', 1],
  'its database then': ['openDatabaseMs', 1],
  'polls a second': ['pollsPerSecond', 1],
  'RSS at rest, MB': ['rssMb', 0],
}

export const rest: Part = async ({ rounds, trees, say }) => {
  const contestants = trees.flatMap((tree): Contestant[] => [
    { name: tree.nameOf('SQLite'), run: () => measure(tree) },
    { name: tree.nameOf('PostgreSQL'), run: () => measure(tree, openPostgres) },
  ])
  const samples = await contest(contestants, { rounds, say })
  const at = { unit: ' ms', digits: 1 }
  return {
    part: 'rest',
    title: 'At rest',
    method: `\`serve\` on a new database, from ${CALM_MS / 1_000} s after its start: the processor time that ${SECONDS} s of it take while nothing is registered and
nobody calls, then ${OPEN_SECONDS} s while one serial is open, which is polled each ${INTERVAL_MS} ms over plain HTTP. All threads; the database's processes apart.`,
    ...tableOf(samples, COLUMNS),
    findings: [
      findAtMost('at rest, SQLite: processor time a second', medianOf(samples, 'SQLite', 'restMs'), {
        ...at,
        aim: 5,
        floor: 12,
      }),
      findAtMost('at rest, PostgreSQL: processor time a second', medianOf(samples, 'PostgreSQL', 'restMs'), {
        ...at,
        aim: 10,
        floor: 20,
      }),
    ],
    notes: ['Nobody scrapes its metrics or asks whether it is ready; each look would be added.'],
  }
}
