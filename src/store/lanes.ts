import { earlier, isSameLane, type LaneState } from './rules/lane.ts'

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
