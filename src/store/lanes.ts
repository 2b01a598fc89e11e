import type { HostSignal } from './queues.ts'

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

export const afterAttemptInLane = (lane: LaneState, hostSignal: HostSignal | null): LaneState => {
  if (hostSignal === null) return lane
  if (hostSignal === 'answers') return { ...lane, strikes: 0, slow: false, proven: true }
  const strikes = lane.strikes + 1
  return { ...lane, strikes, slow: strikes >= SLOW_AFTER_STRIKES, proven: false }
}

/** Null is never. */
export const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)

/** `https://partner.example:8443/hook` → `partner.example:8443`. The URL is normalised already. */
export const hostOf = (callbackUrl: string): string => callbackUrl.split('/', 3)[2] ?? callbackUrl

/** The lanes that one run of a transaction works with: each is read once, and changed in memory. */
export interface LaneChanges {
  get(id: number): LaneState
  set(id: number, lane: LaneState): void
  /** Something in the lane is due at `dueAt`. */
  advance(id: number, dueAt: number): void
  /** What is to be written, each lane once. What has been taken is not given again. */
  take(): (LaneState & { id: number })[]
}

/**
 * @param find as it is stored; one that was erased is as a new one
 * @param assertMine throws for a lane that may not be changed
 */
export const createLaneChanges = (
  find: (id: number) => LaneState,
  assertMine: (id: number) => void = () => {},
): LaneChanges => {
  const known = new Map<number, LaneState>()
  const changed = new Set<number>()

  const get = (id: number): LaneState => {
    const lane = known.get(id)
    if (lane) return lane
    const found = find(id)
    known.set(id, found)
    return found
  }
  const set = (id: number, lane: LaneState): void => {
    if (isSameLane(lane, get(id))) return
    assertMine(id)
    known.set(id, lane)
    changed.add(id)
  }

  return {
    get,
    set,
    advance: (id, dueAt) => {
      const lane = get(id)
      set(id, { ...lane, dueAt: earlier(lane.dueAt, dueAt) })
    },
    take: () => {
      const taken = [...changed].map(id => ({ id, ...get(id) }))
      changed.clear()
      return taken
    },
  }
}
