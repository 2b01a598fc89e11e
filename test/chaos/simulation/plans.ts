import { type Environment, readConfig } from '../../../src/config/read-config.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { Draw } from '../draw.ts'
import type { Promises } from '../findings.ts'
import { MOODS, type Mood } from './receivers.ts'

export const ADMIN_TOKEN = 'the-operator-of-all-simulated-histories'
export const ACCOUNT = 'C12345678'
const configOf = (env: Environment) => {
  const read = readConfig({ IHUYI_ACCOUNT: ACCOUNT, IHUYI_API_KEY: 'key', ADMIN_TOKEN, ...env }, 'upstream')
  if (!read.ok) throw new Error(read.problems.map(({ setting, message }) => `${setting}: ${message.en}`).join('\n'))
  return read.config
}
type Config = ReturnType<typeof configOf>

const promisesOf = ({ upstream, polling, callback, storage }: Config): Promises => ({
  rate: upstream.rate,
  // One that was held up between its claim and its call, and the next, which may be 50 ms early.
  burst: 2.25,
  schedule: callback.retryScheduleMs,
  pollAtMost: polling.minMs,
  pollEvery: polling.maxMs + MINUTE,
  tellWithin: 5 * SECOND,
  clockError: 0,
  databaseClock: 0,
  recovery: 3 * MINUTE,
  resend: 30 * SECOND,
  ttl: polling.registrationTtlMs,
  settleMargin: polling.settleMarginMs,
  notFoundGrace: polling.notFoundGraceMs,
  retention: storage.retentionMs,
  queued: 2 * SECOND,
  notedLate: 50,
})

/** What a history is like. */
export interface Plan {
  config: Config
  promises: Promises
  /** Processes over one database. */
  nodes: number
  /** How long partners register, and things break. */
  spanMs: number
  /** When the first registration of a serial comes, at the latest. */
  beginMs: number
  partners: (draw: Draw) => number
  serials: (draw: Draw) => number
  /** The longest between two acts of a partner about a registration. */
  pauseMs: number
  /** The longest outage of GetResult, and the longest mood of a receiver. */
  outageMs: number
  moodMs: number
  /** What a receiver is like for a while, one as likely as the other. */
  moods: readonly Mood[]
  /** The longest until a check is completed, if it ever is. */
  verdictMs: number
  /** How likely GetResult calls a serial malformed, and none after it: two in a row pause a quiet account, which others then wait for. */
  malformed: number
  /** So many deaths of the process at most. Without any, nothing else breaks either. */
  deaths: number
  /** Whoever only looks for work looks so often. */
  idleMs: number
  /** The longest until all has come to rest. */
  restMs: number
}

const SHORT_ENV = {
  RETRY_SCHEDULE: '5s,20s,60s',
  REGISTRATION_TTL: '5m',
  SETTLE_MARGIN: '1m',
  NOT_FOUND_GRACE: '4m',
  POLL_MIN_INTERVAL: '15s',
  POLL_MAX_INTERVAL: '2m',
}
const SHORT = configOf(SHORT_ENV)
/** Some minutes in which much goes wrong. */
const BAD_MINUTES: Plan = {
  config: SHORT,
  promises: promisesOf(SHORT),
  nodes: 1,
  spanMs: 4 * MINUTE,
  beginMs: MINUTE,
  partners: draw => 1 + draw.below(3),
  serials: draw => 1 + draw.below(5),
  pauseMs: MINUTE,
  outageMs: 2 * MINUTE,
  moodMs: 4 * MINUTE,
  moods: MOODS,
  verdictMs: 3 * MINUTE,
  malformed: 0.03,
  deaths: 4,
  idleMs: SECOND,
  restMs: 12 * HOUR,
}

/** Many verdicts at once, some of them for hosts that never answer. */
const CROWD: Plan = {
  ...BAD_MINUTES,
  beginMs: 10 * SECOND,
  partners: () => 3,
  serials: () => 60,
  moodMs: HOUR,
  moods: ['well', 'well', 'well', 'hangs'],
  verdictMs: 30 * SECOND,
  deaths: 0,
}

/** More is due than the account may ask at once. */
const SLOW = configOf({ ...SHORT_ENV, UPSTREAM_RATE: '1' })
/** Two nodes over a database whose statements take time. */
const TWO_NODES: Plan = {
  ...BAD_MINUTES,
  config: SLOW,
  promises: { ...promisesOf(SLOW), notedLate: 500 },
  nodes: 2,
  spanMs: 2 * MINUTE,
  beginMs: 20 * SECOND,
  serials: draw => 2 + draw.below(8),
  pauseMs: 30 * SECOND,
  outageMs: MINUTE,
  idleMs: 30 * SECOND,
}

const DEFAULTS = configOf({})
/** A year with the settings that the service comes with. */
const ONE_YEAR: Plan = {
  ...BAD_MINUTES,
  config: DEFAULTS,
  promises: promisesOf(DEFAULTS),
  spanMs: 365 * DAY,
  beginMs: 364 * DAY,
  serials: () => 400,
  pauseMs: 6 * HOUR,
  outageMs: 12 * HOUR,
  moodMs: 5 * DAY,
  malformed: 0,
  deaths: 60,
  idleMs: 15 * MINUTE,
  restMs: 10 * DAY,
}

export type PlanName = 'minutes' | 'postgres' | 'year'
export const planOf = (name: PlanName, seed: number): Plan => {
  if (name === 'year') return ONE_YEAR
  if (name === 'postgres') return TWO_NODES
  return seed % 20 === 0 ? CROWD : BAD_MINUTES
}
