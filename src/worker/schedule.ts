import { schedule } from 'node-cron'
import type { Log } from '../log.ts'
import type { Worker } from './poller.ts'

/**
 * The heartbeat: each second every worker looks for what is due, so that nothing is missed that another process, or a
 * lease that ran out, has made due. In between the store's events ring the bell.
 */
export const startHeartbeat = (workers: readonly Worker[], log: Log): { stop(): Promise<void> } => {
  const task = schedule(
    '* * * * * *',
    () => {
      for (const worker of workers) worker.ring()
    },
    { name: 'heartbeat', noOverlap: true, logger: cronLog(log) },
  )
  return { stop: async () => void (await task.destroy()) }
}

/** node-cron warns of each second that it missed; a late tick is no news here. */
const cronLog = (log: Log) => ({
  info: () => {},
  debug: () => {},
  warn: (message: string) => log.debug('clock.late', { message }),
  error: (error: unknown) => log.error('clock.failed', { error }),
})
