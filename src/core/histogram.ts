/** Number of values between bounds. */
export interface Histogram {
  /** Ascending. A value belongs to the first bound that it does not exceed. */
  bounds: readonly number[]
  /** One per bound, and one for values above the last bound. Not cumulative. */
  counts: readonly number[]
  sum: number
}

/** A histogram that grows; `read` returns a snapshot. */
export const createHistogram = (bounds: readonly number[]) => {
  const counts = new Array<number>(bounds.length + 1).fill(0)
  let sum = 0
  return {
    observe: (value: number): void => {
      const found = bounds.findIndex(bound => value <= bound)
      const index = found === -1 ? bounds.length : found
      counts[index] = (counts[index] ?? 0) + 1
      sum += value
    },
    read: (): Histogram => ({ bounds, counts: [...counts], sum }),
  }
}
