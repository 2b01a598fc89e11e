import { createHistogram } from '../../core/histogram.ts'
import { type EngineCounts, STORE_ERRORS, type StoreError } from './stats.ts'

/** In ms. */
const COMMIT_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]

/** Counts commits and errors of a process's connections, from their opening on. */
export const createEngineCounts = (storeErrorOf: (error: unknown) => StoreError) => {
  const commits = createHistogram(COMMIT_BOUNDS)
  const errors = Object.fromEntries(STORE_ERRORS.map(name => [name, 0])) as Record<StoreError, number>

  return {
    /** Counts a commit that succeeds. */
    timed: async <T>(commit: () => Promise<T>): Promise<T> => {
      const beganAt = performance.now()
      const answer = await commit()
      commits.observe(performance.now() - beganAt)
      return answer
    },

    failed: (error: unknown): void => {
      errors[storeErrorOf(error)]++
    },

    read: (): Pick<EngineCounts, 'commits' | 'errors'> => ({ commits: commits.read(), errors: { ...errors } }),
  }
}
