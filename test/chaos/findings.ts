/** Limits of the promises. Times are in ms. */
export interface Promises {
  /** Calls a second of GetResult, and how many may come at once. */
  rate: number
  burst: number
  /** Accounts that are polled at another rate. */
  rates?: Readonly<Record<string, { rate: number; burst: number }>>
  /** Delays before the retries of a webhook, after which it is given up. */
  schedule: readonly number[]
  /** The shortest from one poll of a serial to the next. */
  pollAtMost: number
  /** The longest from one poll of a serial that is waited for to the next. */
  pollEvery: number
  /** The longest from a verdict to its webhook, while the receiver is well. */
  tellWithin: number
  /** How far the service's clock may be wrong. */
  clockError: number
  /** How far from it a node may take the clock of its database to be. */
  databaseClock: number
  /** Time after a trouble until polls and webhooks are as before: leases run out, queues are worked off. */
  recovery: number
  resend: number
  /** Registrations of a partner that may wait at a time; unless given, all. */
  pending?: number
  /** The values of the settings of these names. */
  ttl: number
  settleMargin: number
  notFoundGrace: number
  retention: number
  /** Longest time from the end of its retention until a registration is erased. */
  erasedWithin: number
  /** How long a webhook may wait to leave: a call that is made meanwhile may be overtaken by it. */
  queued: number
  /** How late the harness may note a webhook, while much happens at once. */
  notedLate: number
}

export const BROKEN = [
  'lost',
  'doubled',
  'changed',
  'told early',
  'told wrongly',
  'told to the wrong one',
  'sent after its cancel',
  'sent while disabled',
  'refused',
  'starved',
  'over the rate',
  'badly signed',
  'out of order',
  'kept too long',
  'unavailable',
  'ended by itself',
] as const
export interface Finding {
  broken: (typeof BROKEN)[number]
  what: string
}
