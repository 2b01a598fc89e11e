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

/** Returns the name of the first of the `bounds` that the value does not exceed, or `Over`. */
export const boundOf = <Bound extends number>(bounds: readonly Bound[], value: number): Bound | 'Over' =>
  bounds.find(bound => value <= bound) ?? 'Over'

/**
 * Estimates a quantile by linear interpolation within a bucket, as Prometheus does: of values above the last bound it
 * returns that bound. Null: there are no values.
 */
export const quantileOf = (q: number, { bounds, counts }: Pick<Histogram, 'bounds' | 'counts'>): number | null => {
  const all = counts.reduce((sum, count) => sum + count, 0)
  if (all === 0) return null
  let before = 0
  for (let i = 0; i < bounds.length; i++) {
    const count = counts[i] ?? 0
    if (count > 0 && before + count >= q * all) {
      const from = bounds[i - 1] ?? 0
      const to = bounds[i] ?? from
      return from + ((to - from) * (q * all - before)) / count
    }
    before += count
  }
  return bounds.at(-1) ?? null
}
