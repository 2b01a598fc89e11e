import type { CallbackUrl } from '../core/callback-url.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { type Connection, type ConnectionLimits, createConnection } from '../http-client/connection.ts'
import { createTicker } from '../http-client/ticker.ts'
import type { Connect } from './connect.ts'
import { EXCERPT_BYTES } from './excerpt.ts'

/**
 * Gives out lanes: connections of one partner to one origin. Partners share none, not even to the same origin: what one did
 * to a connection is not another's loss.
 */
export interface Lanes {
  /** Starts at once when a lane is free or may be opened, otherwise when one becomes free; with null when all are closed. */
  acquire(partnerId: string, target: CallbackUrl, start: Start): void
  /** A lane that has never been used, at once. */
  open(partnerId: string, target: CallbackUrl): Connection
  close(): void
}

type Start = (lane: Connection | null) => void

/** How often an attempt that is under way is looked after; most have ended by then. */
const TICK_MS = 50
const LIMITS: ConnectionLimits = {
  headBytes: 16 * 1024,
  bodyBytes: 16 * 1024,
  keptBytes: EXCERPT_BYTES,
  wireBytes: 64 * 1024,
  // Once the status is known, only the excerpt and the connection's reuse are to be gained by waiting.
  bodyMs: 5 * SECOND,
}
/** A connection is not used for longer: a name that moved is followed. */
const MAX_AGE_MS = MINUTE
const MAX_IDLE = 1024

interface Group {
  target: CallbackUrl
  open: Set<Connection>
  /** The most recently used last: taken first, it is the least likely to have been closed. */
  idle: Connection[]
  waiting: Start[]
}

/** @param deps.perOrigin most connections of one partner to one origin */
export const createLanes = (deps: { connect: Connect; now: () => number; perOrigin: number }): Lanes => {
  const { connect, now, perOrigin } = deps
  const ticker = createTicker(TICK_MS)
  const partners = new Map<string, Map<string, Group>>()
  /** Over all groups. */
  let idleCount = 0

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

  const isOld = (lane: Connection) => now() - lane.openedAt() >= MAX_AGE_MS

  const takeIdle = (group: Group): Connection | null => {
    for (let lane = group.idle.pop(); lane; lane = group.idle.pop()) {
      idleCount--
      if (!isOld(lane)) return lane
      lane.close()
    }
    return null
  }

  const groups = () => [...partners.values()].flatMap(origins => [...origins.values()])

  /** Many at once, and looked for only when there are too many: keeping them in order would cost at every attempt. */
  const closeLongestIdle = () => {
    const idle = groups().flatMap(group => group.idle)
    idle.sort((one, other) => one.freeSince() - other.freeSince())
    for (const lane of idle.slice(0, MAX_IDLE / 8)) lane.close()
  }

  const giveOn = (group: Group, lane: Connection) => {
    if (isOld(lane)) return lane.close()
    const next = group.waiting.shift()
    if (next) return queueMicrotask(() => next(lane))
    group.idle.push(lane)
    if (++idleCount > MAX_IDLE) closeLongestIdle()
  }

  const open = (partnerId: string, target: CallbackUrl): Connection => {
    const group = groupOf(partnerId, target)
    const lane = createConnection({
      open: (signal, onRead) => connect(target, signal, onRead),
      now,
      ticker,
      limits: LIMITS,
      onFree: free => giveOn(group, free),
      onGone: gone => {
        group.open.delete(gone)
        const at = group.idle.indexOf(gone)
        if (at >= 0) {
          group.idle.splice(at, 1)
          idleCount--
        }
        const next = group.open.size < perOrigin ? group.waiting.shift() : undefined
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
    close: () => {
      for (const start of groups().flatMap(group => group.waiting.splice(0))) start(null)
      for (const lane of groups().flatMap(group => [...group.open])) lane.close()
    },
  }
}
