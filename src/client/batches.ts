const MAX_BATCH_SIZE = 1_000
/** Below the limit of 1 MiB per batch, to leave room for its frame. */
const MAX_BATCH_BYTES = 1_000_000

/** Splits items into batches that are neither too many nor too large as JSON; in order, and never empty. */
export const splitBatches = <T>(items: readonly T[]): T[][] => {
  const encoder = new TextEncoder()
  const batches: T[][] = []
  let bytes = 0
  for (const item of items) {
    const size = encoder.encode(JSON.stringify(item)).length + 1
    const last = batches.at(-1)
    if (last && last.length < MAX_BATCH_SIZE && bytes + size <= MAX_BATCH_BYTES) {
      last.push(item)
      bytes += size
    } else {
      batches.push([item])
      bytes = size
    }
  }
  return batches
}
