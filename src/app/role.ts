import type { UpstreamConfig } from '../config/read-config.ts'
import { within } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { clock } from './clock-and-ids.ts'

/** What a role is given. Whoever opened the store closes it, after the role. */
export interface RoleDeps {
  config: UpstreamConfig
  store: Store
  emit: Emit
}

/** A part of the service, from its opening on. It stops in two steps, and all parts take each of them together. */
export interface Role {
  /** Begins nothing more. Resolves when what is under way has ended, and after 10 s at the latest. */
  stop(): Promise<void>
  /** Breaks off what is still under way. Resolves when it is given back, and after 1 s at the latest. */
  breakOff(): Promise<void>
}

export const GRACE_MS = 10 * SECOND
/** For a few writes, if the database can be written at all. */
export const RECORD_MS = SECOND

/**
 * @param parts.end begins nothing more; resolves when all has ended
 * @param parts.breakOff makes what is under way end soon
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
