/**
 * Gathers calls that come while a batch is under way, or in the same turn of the event loop, into the next batch: one
 * call of the store for all of them. `run` answers one result an item, in order; if it
 * fails, every call of that batch fails with its error.
 */
export const createCoalescer = <Item, Result>(
  run: (items: Item[]) => Promise<readonly Result[]>,
  limits: { batch: number } = { batch: 500 },
): ((item: Item) => Promise<Result>) => {
  type Call = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  const waiting: Call[] = []
  let running = false

  const runBatches = async () => {
    while (waiting.length > 0) {
      const calls = waiting.splice(0, limits.batch)
      try {
        const results = await run(calls.map(call => call.item))
        for (const [i, call] of calls.entries()) call.resolve(results[i] as Result)
      } catch (error) {
        for (const call of calls) call.reject(error)
      }
    }
    running = false
  }

  return item =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (running) return
      running = true
      setImmediate(() => void runBatches())
    })
}
