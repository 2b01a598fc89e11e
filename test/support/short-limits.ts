import type { TimeLimits } from '../../src/store/postgres/pool.ts'

/** As those of the service stand to each other, in a fifth of the time. */
export const SHORT_LIMITS: TimeLimits = {
  ...{ statementMs: 2_000, lockMs: 600, idleMs: 2_000 },
  ...{ answerMs: 2_400, beginMs: 1_000, connectMs: 1_000 },
}

/** Five times as long as those of the service, and longer still to connect: where more wait for each other than a busy machine serves in time. */
export const LONG_LIMITS: TimeLimits = {
  ...{ statementMs: 50_000, lockMs: 15_000, idleMs: 50_000 },
  ...{ answerMs: 60_000, beginMs: 10_000, connectMs: 60_000 },
}
