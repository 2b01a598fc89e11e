/** How many values fell between bounds. */
export interface Histogram {
  /** Ascending. A value belongs to the first bound that it does not exceed. */
  bounds: readonly number[]
  /** One for each bound, and one for what exceeds the last. Not cumulative. */
  counts: readonly number[]
  sum: number
}

/** A histogram that grows; what `read` gives does not. */
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

/**
 * The value that a share `q` (0 to 1) of the values does not exceed, within its bounds evenly spread; the last bound where
 * they exceed that. Null: there are no values.
 */
export const quantile = ({ bounds, counts }: Pick<Histogram, 'bounds' | 'counts'>, q: number): number | null => {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index] ?? 0
    const reached = below + count
    if (reached >= q * total && count > 0) {
      const from = bounds[index - 1] ?? 0
      return from + ((bound - from) * (q * total - below)) / count
    }
    below = reached
  }
  return bounds.at(-1) ?? null
}
