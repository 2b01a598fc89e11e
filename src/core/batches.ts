import { yieldToLoop } from './clock.ts'

/** Does one batch: how many rows it did, and whether another may find more. */
export type Batch = () => Promise<{ count: number; hasMore: boolean }>

/**
 * Runs batches until one says that there is no more, or `isStopped` says so, with a turn of the event loop between two; how many rows
 * they did in all.
 */
export const runBatches = async (batch: Batch, isStopped = () => false): Promise<number> => {
  let done = 0
  while (!isStopped()) {
    const { count, hasMore } = await batch()
    done += count
    if (!hasMore) break
    await yieldToLoop()
  }
  return done
}
