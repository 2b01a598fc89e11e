import type { TimeLimits } from '../../src/store/postgres/pool.ts'

/** The service's limits, all a fifth as long. */
export const SHORT_LIMITS: TimeLimits = {
  ...{ statementMs: 2_000, lockMs: 600, idleMs: 2_000 },
  ...{ answerMs: 2_400, beginMs: 1_000, connectMs: 1_000 },
}

/**
 * The service's limits, five times as long, and longer still to connect: for tests with more waiting clients than a
 * busy machine serves in time.
 */
export const LONG_LIMITS: TimeLimits = {
  ...{ statementMs: 50_000, lockMs: 15_000, idleMs: 50_000 },
  ...{ answerMs: 60_000, beginMs: 10_000, connectMs: 60_000 },
}
