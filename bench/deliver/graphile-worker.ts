import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker'
import { Client } from 'pg'
import type { Contestant } from '../support/contest.ts'
import { openPostgres, settleRows } from '../support/postgres.ts'
import { IN_FLIGHT, type Load } from './job.ts'
import { type Queue, queueContestant, runQueue } from './queue.ts'

const TASK = 'webhook'
const LOOK_EVERY_MS = 5

/** graphile-worker on PostgreSQL, in a process of its own. */
export const createGraphileWorker = (load: Load): Contestant =>
  queueContestant({ name: 'graphile-worker', file: 'graphile-worker.ts', openDatabase: openPostgres }, load)

/** As its page on performance advises: jobs are fetched by the hundred, and finished ones are written together. */
const TUNING = { concurrentJobs: IN_FLIGHT, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }

const openGraphileWorker = async (connectionString: string): Promise<Queue> => {
  const options = { preset: { worker: { ...TUNING, connectionString, logger: new Logger(() => () => {}) } } }
  const utils = await makeWorkerUtils(options)
  await utils.migrate()
  const client = new Client({ connectionString })
  await client.connect()
  let runner: Runner | null = null

  /** A job's row is deleted when its end is written, a little after the task has returned. */
  const untilNoneIsLeft = async () => {
    while ((await client.query('select from graphile_worker._private_jobs limit 1')).rowCount)
      await sleep(LOOK_EVERY_MS)
  }
  return {
    add: async body => {
      await utils.addJob(TASK, { body })
    },
    addAll: async bodies => {
      await utils.addJobs(bodies.map(body => ({ identifier: TASK, payload: { body } })))
    },
    settle: () => settleRows(connectionString),
    work: async (jobs, send) => {
      const { promise: allSent, resolve, reject } = Promise.withResolvers<void>()
      let left = jobs
      const webhook = async (payload: unknown, { job }: { job: { id: string } }) => {
        await send(`msg_${job.id}`, (payload as { body: string }).body).catch(reject)
        if (--left === 0) resolve()
      }
      runner = await run({ ...options, taskList: { [TASK]: webhook }, noHandleSignals: true })
      await allSent
      await untilNoneIsLeft()
    },
    close: async () => {
      await runner?.stop()
      await utils.release()
      await client.end()
    },
  }
}

if (import.meta.main) runQueue(openGraphileWorker)
