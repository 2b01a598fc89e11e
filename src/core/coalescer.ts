/**
 * Batches calls: calls of one turn of the event loop, or made while `batches` batches are running, share the next
 * batch, which is one call of the store. `run` returns one result per item, in order; if it fails, all calls of that
 * batch reject with its error.
 *
 * @param limits.gathered maximum size of a batch gathered while others ran: larger, so that no call waits for many
 *   batches when each takes seconds, such as while a database does not respond
 */
export const createCoalescer = <Item, Result>(
  run: (items: Item[]) => Promise<readonly Result[]>,
  { batch = 500, batches = 1, gathered = batch }: { batch?: number; batches?: number; gathered?: number } = {},
): ((item: Item) => Promise<Result>) => {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  const waiting: Waiting[] = []
  let underWay = 0
  let isPlanned = false

  const runBatch = async (calls: readonly Waiting[]) => {
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
