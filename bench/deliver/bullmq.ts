import { Queue as BullQueue, Worker } from 'bullmq'
import type { Contestant } from '../support/contest.ts'
import { openRedis } from '../support/redis.ts'
import { IN_FLIGHT, type Load } from './job.ts'
import { type Queue, queueContestant, runQueue } from './queue.ts'

const NAME = 'webhooks'

/** BullMQ on Redis, in its own process; call `whyNoRedis` first. */
export const createBullmq = (load: Load): Contestant =>
  queueContestant({ name: 'BullMQ', file: 'bullmq.ts', openDatabase: openRedis }, load)

const openBullmq = async (path: string): Promise<Queue> => {
  const connection = { path, maxRetriesPerRequest: null }
  // Redis holds all jobs in memory, so finished ones are not kept. That is also the fastest setting.
  const options = { removeOnComplete: true }
  const queue = new BullQueue<{ body: string }>(NAME, { connection, defaultJobOptions: options })
  await queue.waitUntilReady()
  let worker: Worker | null = null
  return {
    add: async body => {
      await queue.add('webhook', { body })
    },
    addAll: async bodies => {
      await queue.addBulk(bodies.map(body => ({ name: 'webhook', data: { body } })))
    },
    work: (jobs, send) =>
      new Promise((resolve, reject) => {
        let left = jobs
        worker = new Worker<{ body: string }>(NAME, job => send(`msg_${job.id}`, job.data.body), {
          connection,
          concurrency: IN_FLIGHT,
        })
        // Emitted once Redis has accepted it.
        worker.on('completed', () => {
          if (--left === 0) resolve()
        })
        worker.on('failed', (_, error) => reject(error))
        worker.on('error', reject)
      }),
    close: async () => {
      await worker?.close()
      await queue.close()
    },
  }
}

if (import.meta.main) runQueue(openBullmq)
