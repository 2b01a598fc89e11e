import { join } from 'node:path'
import { Pool } from 'undici'
import { answerMessages, openChild } from '../support/child.ts'
import type { Contestant } from '../support/contest.ts'
import type { Database } from '../support/database.ts'
import { undiciConnect } from '../support/tls.ts'
import { bodyOf, createJobHeaders, IN_FLIGHT, type Load, measureRun, originOf, type Run, sampleOf } from './job.ts'

/** Sends a job's signed POST; rejects unless it is answered 200. */
export type Send = (id: string, body: string) => Promise<void>

/** The common job on a queue library, in the worker's process. */
export interface Queue {
  /** Adds one job; resolves once the library considers it added. */
  add: (body: string) => Promise<void>
  addAll: (bodies: readonly string[]) => Promise<void>
  /** Does the work that a database does by itself before such a backlog grows, such as ANALYZE. */
  settle?: () => Promise<void>
  /** Works off this many jobs; resolves when the end of the last one is recorded. */
  work: (jobs: number, send: Send) => Promise<void>
  close: () => Promise<void>
}

type Order = ({ kind: 'prepare'; connection: string } & Load) | { kind: 'run' }
interface Prepared {
  enqueuePerSecond: number
}

/** Added one at a time, each awaited, before the rest are added in bulk. */
const SINGLY = 1_000
const BULK = 1_000

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** Fills the queue; resolves with how many a second it took one at a time. */
const fill = async (queue: Queue, jobs: number): Promise<Prepared> => {
  const singly = Math.min(SINGLY, jobs)
  const startedAt = performance.now()
  for (const index of range(0, singly)) await queue.add(bodyOf(index))
  const seconds = (performance.now() - startedAt) / 1000
  for (let done = singly; done < jobs; done += BULK)
    await queue.addAll(range(done, Math.min(jobs, done + BULK)).map(bodyOf))
  await queue.settle?.()
  return { enqueuePerSecond: singly / seconds }
}

/** The worker's process: opens the queue on the given database, fills it, and works it off. */
export const runQueue = (open: (connection: string) => Promise<Queue>): void => {
  let prepared: { queue: Queue; load: Load } | null = null

  const run = async (): Promise<Run> => {
    if (prepared === null) throw new Error('run before prepare')
    const {
      queue,
      load: { jobs, urls, trust },
    } = prepared
    const { origin, path } = originOf(urls[0] ?? '')
    const pool = new Pool(origin, { connections: IN_FLIGHT, pipelining: 1, connect: undiciConnect(trust) })
    const headersOf = createJobHeaders()
    let sent = 0
    const send: Send = async (id, body) => {
      const headers = headersOf(id, body)
      const response = await pool.request({ path, method: 'POST', headers, body })
      await response.body.dump()
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
      sent++
    }
    const result = await measureRun(() => queue.work(jobs, send))
    if (sent !== jobs) throw new Error(`sent ${sent} times for ${jobs} jobs`)
    await Promise.all([pool.close(), queue.close()])
    return result
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'run') return { ...(await run()) }
    const queue = await open(order.connection)
    prepared = { queue, load: order }
    return { ...(await fill(queue, order.jobs)) }
  })
}

/** @param file the worker's module in this folder, whose main part calls `runQueue` */
export const queueContestant = (
  { name, file, openDatabase }: { name: string; file: string; openDatabase: () => Promise<Database> },
  load: Load,
): Contestant => ({
  name,
  run: async () => {
    await using database = await openDatabase()
    await using child = openChild(join(import.meta.dirname, file))
    const { connection } = database
    const { enqueuePerSecond } = await child.ask<Prepared>({ kind: 'prepare', ...load, connection })
    const { result, cost } = await database.measure(() => child.ask<Run>({ kind: 'run' }))
    return { ...sampleOf(load.jobs, result, cost), enqueuePerSecond }
  },
})
