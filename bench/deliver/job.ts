import { createSigningKey, sign } from '../../src/core/signature.ts'
import type { Sample } from '../support/contest.ts'
import type { DatabaseCost } from '../support/database.ts'
import type { Trust } from '../support/tls.ts'

/** The job of every contestant: one signed POST of about 300 bytes. At most this many are in flight. */
export const IN_FLIGHT = 100
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** A body like that of a verdict's webhook. */
export const bodyOf = (index: number): string =>
  JSON.stringify({
    type: 'idface.succeeded',
    timestamp: '2026-11-24T08:00:00.000Z',
    data: {
      registrationId: `reg_01KB${String(index).padStart(22, '0')}`,
      idcardid: String(16236437000000 + index),
      status: 'SUCCESS',
      reason: null,
      message: '认证成功',
      livingScore: null,
      similarity: '100',
      metadata: {},
      observedAt: '2026-11-24T08:00:00.000Z',
      previousPollAt: '2026-11-24T07:59:55.000Z',
    },
  })

/** Signs as the service does: with a key object made once, and the headers of Standard Webhooks. */
export const createJobHeaders = () => {
  const key = createSigningKey(SECRET)
  if (!key) throw new Error('the secret of this benchmark cannot be read')
  return (id: string, body: string) => {
    const timestampSeconds = Math.floor(Date.now() / 1000)
    return {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': sign([key], { id, timestampSeconds, body }),
    }
  }
}

/** Number of jobs, spread over the URLs in turn. */
export interface Load {
  jobs: number
  urls: string[]
  trust: Trust
}

export type PrepareOrder = Load & {
  kind: 'prepare'
  folder: string
  /** A PostgreSQL instead of a file in the folder. */
  database?: string
}

/** Order to a worker in its own process; each is answered before the next is sent. `run` ends by itself. */
export type Order = PrepareOrder | { kind: 'run' }

/**
 * The result of `run`: the time from the start of the first job to the durable end of the last, and the worker's cost.
 */
export interface Run {
  seconds: number
  cpuSeconds: number
}

export const measureRun = async (run: () => Promise<void>): Promise<Run> => {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (user + system) / 1_000_000 }
}

/** The figures of `jobs` jobs that a worker did, with its database if that is other processes. */
export const sampleOf = (jobs: number, { seconds, cpuSeconds }: Run, database?: DatabaseCost): Sample => ({
  jobsPerSecond: jobs / seconds,
  cpuMicros: ((cpuSeconds + (database?.cpuSeconds ?? 0)) * 1e6) / jobs,
})

export const originOf = (url: string): { origin: string; path: string } => {
  const { origin, pathname } = new URL(url)
  return { origin, path: pathname }
}
