import { Client } from 'pg'
import { type Job, type JobResult, PgBoss } from 'pg-boss'
import type { Contestant } from '../support/contest.ts'
import { openPostgres } from '../support/postgres.ts'
import { IN_FLIGHT, type Load } from './job.ts'
import { type Queue, queueContestant, runQueue } from './queue.ts'

const QUEUE = 'webhooks'

/** pg-boss on PostgreSQL, in a process of its own. */
export const createPgBoss = (load: Load): Contestant =>
  queueContestant({ name: 'pg-boss', file: 'pg-boss.ts', openDatabase: openPostgres }, load)

/**
 * Batches, fetched again at once while they are full, and two workers, so that one sends while the other fetches or
 * writes. The connections bound the jobs in flight. Each job of a batch has its own result: otherwise one receiver's
 * failure would send the whole batch again, and it would be no faster.
 */
const TUNING = {
  batchSize: IN_FLIGHT,
  localConcurrency: 2,
  burstWhenBatchFull: true,
  perJobResults: true,
  pollingIntervalSeconds: 0.5,
} as const

const openPgBoss = async (connectionString: string): Promise<Queue> => {
  const boss = new PgBoss({ connectionString, schedule: false })
  await boss.start()
  await boss.createQueue(QUEUE)
  return {
    add: async body => {
      await boss.send(QUEUE, { body })
    },
    addAll: async bodies => {
      await boss.insert(
        QUEUE,
        bodies.map(body => ({ data: { body } })),
      )
    },
    settle: async () => {
      const client = new Client({ connectionString })
      await client.connect()
      await client.query('vacuum analyze')
      await client.query('checkpoint')
      await client.end()
    },
    work: async (jobs, send) => {
      const { promise: allSent, resolve, reject } = Promise.withResolvers<void>()
      boss.on('error', reject)
      let left = jobs
      await boss.work(QUEUE, TUNING, async (batch: Job<{ body: string }>[]): Promise<JobResult[]> => {
        await Promise.all(batch.map(({ id, data }) => send(id, data.body))).catch(reject)
        left -= batch.length
        if (left === 0) resolve()
        return batch.map(({ id }) => ({ id, status: 'completed' }))
      })
      await allSent
      // Ends when the workers have recorded their results.
      await boss.offWork(QUEUE, { wait: true })
    },
    close: () => boss.stop(),
  }
}

if (import.meta.main) runQueue(openPgBoss)
