import { SECOND } from '../core/duration.ts'
import type { FailureCode } from './failure.ts'

/** The longest that it takes to learn that no connection can be had: resolving and connecting at their limits. */
export const UNREACHABLE_MS = 8 * SECOND

const UNREACHABLE = new Set<string | null>([
  'blocked',
  'dns',
  'refused',
  'unreachable',
  'connect_timeout',
  'proxy',
] satisfies FailureCode[])

/**
 * What a partner may know of how an attempt ended. Blocked, refused, silent and unknown targets look alike, time
 * included: told apart, they would make a port scanner of the service, of its own network too. Whoever answers while the
 * partner waits must wait until `durationMs` has passed as well.
 */
export const toldToPartner = <Ending extends { error: string | null; durationMs: number }>(ending: Ending): Ending =>
  UNREACHABLE.has(ending.error) ? { ...ending, error: 'unreachable', durationMs: UNREACHABLE_MS } : ending
