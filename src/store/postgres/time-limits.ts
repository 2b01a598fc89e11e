/** How long a node waits for the database, each in ms. */
export interface TimeLimits {
  /** A statement may take so long, then the server ends it. */
  statementMs: number
  /** A statement may wait for a lock so long. */
  lockMs: number
  /** A transaction may do nothing so long, then the server ends it, and its locks. */
  idleMs: number
  /** BEGIN waits for nothing, so a connection that is dead is found out by it. */
  beginMs: number
  /** Until a connection is free, or is made. */
  connectMs: number
  /** Longer than any statement may take: then the server cannot be heard. */
  answerMs: number
}

/** Those of the service; docs/postgresql.md tells what they come to. */
export const TIME_LIMITS: TimeLimits = {
  statementMs: 10_000,
  lockMs: 3_000,
  idleMs: 10_000,
  beginMs: 2_000,
  connectMs: 5_000,
  answerMs: 12_000,
}
