/**
 * Gathers calls that come in the same turn of the event loop, or while as many batches are under way as may be, into the
 * next batch: one call of the store for all of them. `run` answers one result an item, in order; if it fails, every call
 * of that batch fails with its error.
 *
 * @param limits.gathered of a batch that has gathered while others were under way: where each takes seconds, as while a database does not
 *   answer, nobody waits for many of them
 */
export const createCoalescer = <Item, Result>(
  run: (items: Item[]) => Promise<readonly Result[]>,
  { batch = 500, batches = 1, gathered = batch }: { batch?: number; batches?: number; gathered?: number } = {},
): ((item: Item) => Promise<Result>) => {
  type Call = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  const waiting: Call[] = []
  let underWay = 0
  let isPlanned = false

  const runBatch = async (calls: readonly Call[]) => {
    underWay++
    try {
      const results = await run(calls.map(call => call.item))
      for (const [i, call] of calls.entries()) call.resolve(results[i] as Result)
    } catch (error) {
      for (const call of calls) call.reject(error)
    }
    underWay--
    runWaiting(gathered)
  }

  const runWaiting = (size = batch) => {
    isPlanned = false
    while (waiting.length > 0 && underWay < batches) void runBatch(waiting.splice(0, size))
  }

  return item =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (waiting.length >= batch) return runWaiting()
      if (isPlanned || underWay >= batches) return
      isPlanned = true
      setImmediate(() => runWaiting())
    })
}
