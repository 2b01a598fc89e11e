import type { Clock } from './clock.ts'

/** Counts operations in flight, by key. */
export const createInFlight = <Key = string>() => {
  const counts = new Map<Key, number>()
  let total = 0
  let idle: (() => void)[] = []

  return {
    counts: counts as ReadonlyMap<Key, number>,
    total: () => total,
    start: (key: Key) => {
      total++
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    end: (key: Key) => {
      const left = (counts.get(key) ?? 1) - 1
      if (left === 0) counts.delete(key)
      else counts.set(key, left)
      if (--total > 0) return
      for (const resolve of idle) resolve()
      idle = []
    },
    /** Resolves when nothing is in flight. */
    whenIdle: (): Promise<void> => (total === 0 ? Promise.resolve() : new Promise(resolve => idle.push(resolve))),
  }
}

type Acquisition = 'acquired' | 'timed_out' | 'cancelled'

interface Waiter<Item> {
  item: Item
  /** End of the wait, by the monotonic clock in ms. */
  until: number
  resolve: (acquisition: Acquisition) => void
}

/** Interval at which waiters are checked for their time limit. */
const TICK_MS = 100

/**
 * Lets at most `size` items per key hold a slot at a time. The others wait, first come, first served.
 *
 * @param deps.timeLimit maximum wait of an item, to within 100 ms; without it, items wait for ever
 */
export const createKeyedLimiter = <Item>(deps: {
  size: number
  timeLimit?: { waitMs: number; clock: Pick<Clock, 'monotonic' | 'sleep'> }
}) => {
  const { size, timeLimit } = deps
  const all = createInFlight()
  const holding = createInFlight()
  const queues = new Map<string, Set<Waiter<Item>>>()
  let isWatching = false

  const end = (key: string, waiter: Waiter<Item>, acquisition: Acquisition) => {
    const queue = queues.get(key)
    queue?.delete(waiter)
    if (queue?.size === 0) queues.delete(key)
    waiter.resolve(acquisition)
  }

  const dismiss = (matches: (waiter: Waiter<Item>) => boolean, acquisition: Acquisition) => {
    for (const [key, queue] of queues)
      for (const waiter of queue) {
        if (!matches(waiter)) continue
        all.end(key)
        end(key, waiter, acquisition)
      }
  }

  /** Runs while items wait. */
  const watch = async (clock: Pick<Clock, 'monotonic' | 'sleep'>) => {
    isWatching = true
    while (queues.size > 0) {
      await clock.sleep(TICK_MS)
      const at = clock.monotonic()
      dismiss(({ until }) => until <= at, 'timed_out')
    }
    isWatching = false
  }

  return {
    /** Items that hold a slot or wait for one, by key. */
    counts: all.counts,
    /** Returns at once if a slot is free. The caller must `release` after `acquired`, and only then. */
    acquire: (key: string, item: Item): 'acquired' | Promise<Acquisition> => {
      all.start(key)
      if ((holding.counts.get(key) ?? 0) < size) {
        holding.start(key)
        return 'acquired'
      }
      return new Promise(resolve => {
        const queue = queues.get(key) ?? new Set()
        queues.set(key, queue)
        const until = timeLimit ? timeLimit.clock.monotonic() + timeLimit.waitMs : Number.POSITIVE_INFINITY
        queue.add({ item, until, resolve })
        if (timeLimit && !isWatching) void watch(timeLimit.clock)
      })
    },
    release: (key: string): void => {
      all.end(key)
      const [next] = queues.get(key) ?? []
      if (next) end(key, next, 'acquired')
      else holding.end(key)
    },
    /** Ends the wait of every item that matches. Items that hold a slot keep it. */
    cancel: (matches: (item: Item) => boolean): void => dismiss(({ item }) => matches(item), 'cancelled'),
  }
}

/** Runs at most `size` functions per key at a time. The others wait, first come, first served. */
export const createKeyedQueue = (size: number) => {
  const limiter = createKeyedLimiter<null>({ size })
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    await limiter.acquire(key, null)
    try {
      return await work()
    } finally {
      limiter.release(key)
    }
  }
}
