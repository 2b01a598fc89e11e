/** What is promised, in ms where it is a time. */
export interface Promises {
  /** Calls a second of GetResult, and how many may come at once. */
  rate: number
  burst: number
  /** Of accounts that are asked at another rate. */
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
  /** Until all is asked about, or sent, as before, after a trouble: leases run out, queues are worked off. */
  recovery: number
  resend: number
  /** Registrations of a partner that may wait at a time; unless given, all. */
  pending?: number
  /** As the settings of these names say. */
  ttl: number
  settleMargin: number
  notFoundGrace: number
  retention: number
  /** The longest from its end until what was kept so long is gone. */
  erasedWithin: number
  /** For so long a webhook may wait to leave: whatever is asked for meanwhile comes after it, and may be overtaken by it. */
  queued: number
  /** How late we may note what has reached a receiver, while much happens at once. */
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
