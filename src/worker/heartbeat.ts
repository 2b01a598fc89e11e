import { schedule } from 'node-cron'
import type { Emit } from '../telemetry/emit.ts'

export interface Heartbeat {
  stop(): Promise<void>
}

type HeartbeatEmit = Emit<'heartbeat.delayed' | 'heartbeat.failed'>
type Ring = () => void

const EVERY_SECOND = '* * * * * *'
const EVERY_MINUTE = '30 * * * * *'

/**
 * Rings whoever must look for work that no hint announces: rows that another process has made due, leases that have run
 * out, registrations that have grown old. The store's hints ring for everything else.
 */
export const startHeartbeat = (deps: {
  everySecond: readonly Ring[]
  everyMinute?: readonly Ring[]
  emit: HeartbeatEmit
}): Heartbeat => {
  const logger = cronLog(deps.emit)
  const ringAll = (rings: readonly Ring[]) => () => {
    for (const ring of rings) ring()
  }
  const tasks = [schedule(EVERY_SECOND, ringAll(deps.everySecond), { name: 'heartbeat', noOverlap: true, logger })]
  if (deps.everyMinute)
    tasks.push(schedule(EVERY_MINUTE, ringAll(deps.everyMinute), { name: 'housekeeping', noOverlap: true, logger }))
  return {
    stop: async () => {
      for (const task of tasks) await task.destroy()
    },
  }
}

/** node-cron warns of every second that it missed. A late tick is no news here, so it is told at `debug`. */
const cronLog = (emit: HeartbeatEmit) => ({
  info: () => {},
  debug: () => {},
  warn: (message: string) => emit('heartbeat.delayed', { message }),
  error: (error: unknown) => emit('heartbeat.failed', { error }),
})
