import { join } from 'node:path'
import { type Load, openClient } from './register/client.ts'
import { openChild } from './support/child.ts'
import { type Contestant, contest, medianOf, ratioOf, type Sample } from './support/contest.ts'
import type { Database } from './support/database.ts'
import { cpuSeconds } from './support/machine.ts'
import { openOutside } from './support/outside.ts'
import { type Columns, findAtLeast, type Part, tableOf } from './support/part.ts'
import { benchEnvironment, createPartner, onDatabase, openFolder, openService } from './support/service.ts'
import { openNames } from './support/tls.ts'
import { HERE, type Tree } from './support/tree.ts'

const SINGLE = { requests: 30_000, width: 64, size: 1 }
const BATCHES = { requests: 60, width: 4, size: 1_000 }
/** This share is sent first and not counted, because a server's first second says little about it. */
const WARM_UP = 0.1

const PLAIN = 'node:http, a fixed answer'
const HONO = 'Hono, zod and the key check, no store'
const OURS = 'ours'
const OURS_BATCHED = `ours, ${BATCHES.size.toLocaleString('en')} a request`

interface Server {
  url: string
  apiKey: string
  pid: number
}
export type Shape = Pick<Load, 'requests' | 'width' | 'size'>

const measure = async ({ url, apiKey, pid }: Server, shape: Shape): Promise<Sample> => {
  await using client = openClient()
  const requests = Math.ceil(shape.requests * WARM_UP)
  await client.run({ ...shape, url, apiKey, requests, from: 0 })
  const before = cpuSeconds(pid)
  const { seconds, p50Ms, p99Ms } = await client.run({ ...shape, url, apiKey, from: requests * shape.size })
  const cpu = cpuSeconds(pid) - before
  const registrations = shape.requests * shape.size
  return {
    registrationsPerSecond: registrations / seconds,
    cpuMicros: (cpu * 1e6) / registrations,
    busy: cpu / seconds,
    p50Ms,
    p99Ms,
  }
}

const alone = (name: string, file: string, shape: Shape): Contestant => ({
  name,
  run: async () => {
    await using child = openChild(join(import.meta.dirname, 'register', file))
    const place = await child.ask<Pick<Server, 'url' | 'apiKey'>>('open')
    return await measure({ ...place, pid: child.pid }, shape)
  },
})

/**
 * `serve` with its defaults, a database file, its log in a file, and an upstream that answers with a verdict.
 *
 * @param openDatabase a PostgreSQL instead of the file
 */
export const service = (
  name: string,
  shape: Shape,
  { tree = HERE, openDatabase }: { tree?: Tree; openDatabase?: () => Promise<Database> } = {},
): Contestant => ({
  name: tree.nameOf(name),
  run: async () => {
    using folder = openFolder()
    await using database = openDatabase ? await openDatabase() : null
    await using names = await openNames()
    await using outside = await openOutside(names)
    const env = benchEnvironment(folder.path, outside.upstreamUrl)
    await using serving = await openService(
      folder.path,
      { ...env, ...(database && onDatabase(database)) },
      { names, tree },
    )
    const apiKey = await createPartner(serving.url, 'bench')
    return await measure({ url: serving.url, apiKey, pid: serving.pid }, shape)
  },
})

const COLUMNS: Columns = {
  'registrations/s': ['registrationsPerSecond', 0],
  'CPU, µs each': ['cpuMicros', 0],
  busy: ['busy', 2],
  'p50, ms': ['p50Ms', 1],
  'p99, ms': ['p99Ms', 1],
}

export const register: Part = async ({ rounds, scale, trees, say }) => {
  const [single, batches] = [SINGLE, BATCHES].map(shape => ({ ...shape, requests: shape.requests * scale })) as [
    Shape,
    Shape,
  ]
  const samples = await contest(
    [
      alone(PLAIN, 'plain.ts', single),
      alone(HONO, 'hono.ts', single),
      ...trees.map(tree => service(OURS, single, { tree })),
      ...trees.map(tree => service(OURS_BATCHED, batches, { tree })),
    ],
    { rounds, say },
  )
  return {
    part: 'register',
    title: 'Register',
    ...tableOf(samples, COLUMNS),
    findings: [
      findAtLeast(
        'one at a time, against the same without a store',
        ratioOf(samples, [OURS, HONO], 'registrationsPerSecond'),
        { aim: 0.75, floor: 0.55 },
      ),
      findAtLeast(
        'one at a time, by processor time, against the same without a store',
        ratioOf(samples, [HONO, OURS], 'cpuMicros'),
        { aim: 0.8, floor: 0.75 },
      ),
      findAtLeast('in batches', medianOf(samples, OURS_BATCHED, 'registrationsPerSecond'), {
        aim: 40_000,
        unit: ' registrations/s',
        digits: 0,
      }),
    ],
    notes: [
      'Client and server share this machine. If *busy* is well under 1, the server waited for the client or the disk, and would do more if it were called faster.',
      'p50 and p99 are of a whole request at full load, so they show the length of the queue of requests in flight. How long one caller waits on a quiet service is shown by *All at once, one process*.',
      'A sync takes as long as the disk of this machine takes; requests that arrive meanwhile share the next one.',
    ],
  }
}
