/** Returns true if the item must no longer be sent. */
export type Stop<Item> = (item: Item) => boolean

/** Records which items on their way must no longer be sent: claimed just now, or not yet written. */
export const createStops = <Item extends object>() => {
  /** Per pending claim: the stops in effect when it began, and all stops since. */
  const meanwhile = new Set<Stop<Item>[]>()
  const inEffect = new Set<Stop<Item>>()
  /** Items on their way; true: stopped. */
  const underWay = new Map<Item, boolean>()

  const stop = (stops: Stop<Item>): void => {
    for (const stopped of meanwhile) stopped.push(stops)
    for (const item of underWay.keys()) if (stops(item)) underWay.set(item, true)
  }

  return {
    stop,

    /** Stops also the items of claims that begin before `run` has ended. */
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
     * Runs a claim. Returns its result, and which items were stopped meanwhile: a stop from the claim's own commit is
     * emitted before the claimed items are here.
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
