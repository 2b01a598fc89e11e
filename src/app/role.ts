import type { UpstreamConfig } from '../config/read-config.ts'
import { within } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { clock } from './clock-and-ids.ts'

/** Dependencies of a role. The opener of the store closes it, after the role. */
export interface RoleDeps {
  config: UpstreamConfig
  store: Store
  emit: Emit
}

/** A running part of the service. It stops in two steps, each taken by all parts together. */
export interface Role {
  /** Begins nothing more. Resolves when the work in flight has ended, after 10 s at the latest. */
  stop(): Promise<void>
  /** Breaks off the work in flight. Resolves when it is released, after 1 s at the latest. */
  breakOff(): Promise<void>
}

export const GRACE_MS = 10 * SECOND
/** Time for a few writes, if the database can be written at all. */
export const RECORD_MS = SECOND

/**
 * @param parts.end begins nothing more; resolves when all work has ended
 * @param parts.breakOff makes the work in flight end soon
 */
export const createRole = ({ end, breakOff }: { end: () => Promise<unknown>; breakOff: () => void }): Role => {
  let ended: Promise<unknown> | null = null
  const endWithin = (ms: number) => {
    ended ??= end()
    return within(clock, ms, ended)
  }
  return {
    stop: () => endWithin(GRACE_MS),
    breakOff: () => {
      breakOff()
      return endWithin(RECORD_MS)
    },
  }
}
