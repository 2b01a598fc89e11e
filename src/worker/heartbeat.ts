import { schedule } from 'node-cron'
import type { Emit } from '../telemetry/emit.ts'

type HeartbeatEmit = Emit<'heartbeat.delayed' | 'heartbeat.failed'>

interface Rung {
  ring(): void
}

const EVERY_SECOND = '* * * * * *'
const EVERY_MINUTE = '30 * * * * *'

/**
 * The heartbeat: each second every worker looks for what is due, so that nothing is missed that another process, or a
 * lease that ran out, has made due. In between the store's events ring the bell. Each minute what is old is erased.
 */
export const startHeartbeat = (deps: {
  everySecond: readonly Rung[]
  everyMinute: readonly Rung[]
  emit: HeartbeatEmit
}) => {
  const logger = cronLog(deps.emit)
  const ringing = (rung: readonly Rung[]) => () => {
    for (const one of rung) one.ring()
  }
  const tasks = [
    schedule(EVERY_SECOND, ringing(deps.everySecond), { name: 'heartbeat', noOverlap: true, logger }),
    schedule(EVERY_MINUTE, ringing(deps.everyMinute), { name: 'housekeeping', noOverlap: true, logger }),
  ]
  return {
    stop: async () => {
      for (const task of tasks) await task.destroy()
    },
  }
}

/** node-cron warns of each second that it missed; a late tick is no news here. */
const cronLog = (emit: HeartbeatEmit) => ({
  info: () => {},
  debug: () => {},
  warn: (message: string) => emit('heartbeat.delayed', { message }),
  error: (error: unknown) => emit('heartbeat.failed', { error }),
})
