/** Whether an item must not be sent any more. */
export type Stop<Item> = (item: Item) => boolean

/** What must not be sent any more of the items that are on their way: claimed just now, or not yet written. */
export const createStops = <Item extends object>() => {
  /** For each claim that is pending, what has been stopped since it began, and what was in effect then. */
  const meanwhile = new Set<Stop<Item>[]>()
  const inEffect = new Set<Stop<Item>>()
  /** Items under way; true: stopped. */
  const underWay = new Map<Item, boolean>()

  const stop = (stops: Stop<Item>): void => {
    for (const stopped of meanwhile) stopped.push(stops)
    for (const item of underWay.keys()) if (stops(item)) underWay.set(item, true)
  }

  return {
    stop,

    /** Stops also what comes of claims that begin before `run` has ended. */
    stopWhile: async (stops: Stop<Item>, run: () => Promise<void>): Promise<void> => {
      inEffect.add(stops)
      stop(stops)
      try {
        await run()
      } finally {
        inEffect.delete(stops)
      }
    },

    /**
     * Runs a claim, and tells what has been stopped meanwhile. What shares a commit with the claim is told first, when its
     * items are not here yet.
     */
    claiming: async <Result>(run: () => Promise<Result>): Promise<{ claimed: Result; isStopped: Stop<Item> }> => {
      const stopped = [...inEffect]
      meanwhile.add(stopped)
      try {
        const claimed = await run()
        return { claimed, isStopped: item => stopped.some(stops => stops(item)) }
      } finally {
        meanwhile.delete(stopped)
      }
    },

    begin: (item: Item): void => {
      underWay.set(item, false)
    },
    isStopped: (item: Item): boolean => underWay.get(item) === true,
    end: (item: Item): void => {
      underWay.delete(item)
    },
  }
}
