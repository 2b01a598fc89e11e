import type { HostSign } from '../queues.ts'

/** What decides how many slots a lane gets. */
export interface LaneState {
  /** Not later than the due time of its first message; null: nothing to send. Epoch ms. */
  dueAt: number | null
  /** Attempts in a row that ran into the time limit. */
  strikes: number
  /** Too many of them: it gets one slot at a time. */
  slow: boolean
  /** Its last attempt that showed something was answered; until one is, it gets few slots. */
  proven: boolean
}

export const NEW_LANE: LaneState = { dueAt: null, strikes: 0, slow: false, proven: false }

export const isSameLane = (a: LaneState, b: LaneState): boolean =>
  a.dueAt === b.dueAt && a.strikes === b.strikes && a.slow === b.slow && a.proven === b.proven

/** After this many time-outs in a row a host gets one slot at a time, until it answers. */
const SLOW_AFTER_STRIKES = 3

export const afterAttemptInLane = (lane: LaneState, shows: HostSign | null): LaneState => {
  if (shows === null) return lane
  if (shows === 'answers') return { ...lane, strikes: 0, slow: false, proven: true }
  const strikes = lane.strikes + 1
  return { ...lane, strikes, slow: strikes >= SLOW_AFTER_STRIKES, proven: false }
}

/** Null is never. */
export const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)

/** `https://partner.example:8443/hook` → `partner.example:8443`. The URL is normalised already. */
export const hostOf = (callbackUrl: string): string => callbackUrl.split('/', 3)[2] ?? callbackUrl
