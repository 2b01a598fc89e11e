import type { CallbackUrl } from '../core/callback-url.ts'
import { MINUTE } from '../core/duration.ts'
import type { Connect } from './connect.ts'
import { createLane, type Lane, TICK_MS } from './lane.ts'
import { createTicker } from './ticker.ts'

/** Gives out lanes. Partners share none, not even to the same origin: what one did to a connection is not another's loss. */
export interface Lanes {
  /** Starts at once when a lane is free or may be opened, otherwise when one becomes free; with null when all are closed. */
  acquire(partnerId: string, target: CallbackUrl, start: (lane: Lane | null) => void): void
  /** A lane that has never been used, at once. */
  open(partnerId: string, target: CallbackUrl): Lane
  close(): Promise<void>
}

/** A connection is not used for longer: a name that moved is followed. */
const MAX_AGE_MS = MINUTE
const MAX_IDLE = 1024

interface Group {
  target: CallbackUrl
  open: Set<Lane>
  /** The most recently used last: taken first, it is the least likely to have been closed. */
  idle: Lane[]
  waiting: ((lane: Lane | null) => void)[]
}

/** @param deps.perOrigin most connections of one partner to one origin */
export const createLanes = (deps: { connect: Connect; now: () => number; perOrigin: number }): Lanes => {
  const { connect, now, perOrigin } = deps
  const ticker = createTicker(TICK_MS)
  const partners = new Map<string, Map<string, Group>>()
  /** Over all groups, the longest idle first. */
  const idle = new Map<Lane, Group>()

  const groupOf = (partnerId: string, target: CallbackUrl): Group => {
    const origins = partners.get(partnerId) ?? new Map<string, Group>()
    if (origins.size === 0) partners.set(partnerId, origins)
    const known = origins.get(target.origin)
    if (known) return known
    const group: Group = { target, open: new Set(), idle: [], waiting: [] }
    origins.set(target.origin, group)
    return group
  }

  const forget = (partnerId: string, { target }: Group) => {
    const origins = partners.get(partnerId)
    origins?.delete(target.origin)
    if (origins?.size === 0) partners.delete(partnerId)
  }

  const takeIdle = (group: Group): Lane | null => {
    for (let lane = group.idle.pop(); lane; lane = group.idle.pop()) {
      idle.delete(lane)
      if (now() - lane.openedAt() < MAX_AGE_MS) return lane
      void lane.close()
    }
    return null
  }

  const open = (partnerId: string, target: CallbackUrl): Lane => {
    const group = groupOf(partnerId, target)
    const lane = createLane({
      target,
      connect,
      now,
      ticker,
      onFree: free => {
        const next = group.waiting.shift()
        // Not from within undici's handling of the last answer: it would skip the check that the socket is still good.
        if (next) return queueMicrotask(() => next(free))
        group.idle.push(free)
        idle.set(free, group)
        const [oldest] = idle.size > MAX_IDLE ? idle.keys() : []
        if (oldest) void oldest.close()
      },
      onGone: gone => {
        group.open.delete(gone)
        if (idle.delete(gone)) group.idle.splice(group.idle.indexOf(gone), 1)
        const next = group.waiting.shift()
        if (next) next(open(partnerId, target))
        else if (group.open.size === 0) forget(partnerId, group)
      },
    })
    group.open.add(lane)
    return lane
  }

  return {
    acquire: (partnerId, target, start) => {
      const group = groupOf(partnerId, target)
      const lane = takeIdle(group) ?? (group.open.size < perOrigin ? open(partnerId, target) : null)
      if (lane) start(lane)
      else group.waiting.push(start)
    },
    open,
    close: async () => {
      const groups = [...partners.values()].flatMap(origins => [...origins.values()])
      for (const start of groups.flatMap(group => group.waiting.splice(0))) start(null)
      await Promise.all(groups.flatMap(group => [...group.open]).map(lane => lane.close()))
    },
  }
}
