import { type Environment, readConfig } from '../../../src/config/read-config.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { createDraw, type Draw } from '../draw.ts'
import type { Promises } from '../findings.ts'
import { drawFaults, type Faults } from './faults.ts'

export const ADMIN_TOKEN = 'the-operator-of-all-simulated-histories'
export const ACCOUNT = 'C12345678'
export const SECOND_ACCOUNT = 'C87654321'
export const START = Date.parse('2026-11-24T16:20:00.000Z')
const configOf = (env: Environment) => {
  const read = readConfig({ IHUYI_ACCOUNT: ACCOUNT, IHUYI_API_KEY: 'key', ADMIN_TOKEN, ...env }, 'upstream')
  if (!read.ok) throw new Error(read.problems.map(({ setting, message }) => `${setting}: ${message.en}`).join('\n'))
  return read.config
}
type Config = ReturnType<typeof configOf>

/** Moods of receivers, beside well. */
export const MOODS = ['flaky', 'down', 'slow', 'hangs', 'gone', 'busy'] as const
export type Mood = 'well' | (typeof MOODS)[number]
/** Faults of GetResult's answers. `malformed`: it calls one serial malformed. */
export const ODDITIES = [
  'late',
  'never',
  'changing',
  'vanishing',
  'malformed',
  'unknown',
  'troubled',
  'lost',
  'slow',
] as const
export type Oddity = (typeof ODDITIES)[number]
/** Of partners with a registration, */
const WITH_ONE = ['again', 'batch', 'look', 'wait', 'poll', 'cancel', 'resend'] as const
/** in the midst of a call or webhook, */
const IN_FLIGHT = ['cancel in flight', 'resend in flight', 'register in flight'] as const
/** and of partners and operators at any time, or throughout. */
const OTHERS = ['rotate', 'resend exhausted', 'thin', 'second account', 'bulk', 'pause', 'disable'] as const
const ACTS = [...WITH_ONE, ...IN_FLIGHT, ...OTHERS] as const
export type Act = (typeof ACTS)[number]
export const isWithOne = (act: Act): act is (typeof WITH_ONE)[number] => (WITH_ONE as readonly Act[]).includes(act)

/** The range from which a history is drawn. */
interface Range {
  config: Config
  nodes: number
  /** How long partners register, and things break. */
  spanMs: number
  /** When the first registration of a serial comes, at the latest. */
  beginMs: number
  partners: number
  /** The longest between two acts of a partner about a registration, and how many there are at most. */
  pauseMs: number
  steps: number
  /** The longest outage of GetResult, and the longest mood of a receiver. */
  outageMs: number
  moodMs: number
  /** Moods of a receiver for a while, all equally likely. */
  moods: readonly Mood[]
  oddities: readonly Oddity[]
  acts: readonly Act[]
  /** The longest until a check is completed, if it ever is. */
  verdictMs: number
  /** As a rule, the longest until GetResult answers. */
  latencyMs: number
  /** Registrations of a partner that may wait at a time. */
  pending?: number
  /** The longest that a webhook waits in the queue of its sender. */
  queueMs: number
  /** How often loops that only look for work wake up. */
  idleMs: number
  /** The longest until all has come to rest. */
  restMs: number
}

/** A drawn history. */
export interface Plan extends Range {
  promises: Promises
  /** By number. */
  serials: readonly number[]
  faults: Faults
  /** Number of drawn parts that can each be left out: moods, oddities, acts, serials and faults. */
  parts: number
}

const promisesOf = ({ config, nodes, idleMs, queueMs, pending }: Range): Promises => {
  const { upstream, polling, callback, storage } = config
  return {
    rate: upstream.rate,
    // A call that was held up between its claim and its start, and the next, which may be 50 ms early.
    burst: 2 + 0.05 * upstream.rate,
    schedule: callback.retryScheduleMs,
    pollAtMost: polling.minMs,
    pollEvery: polling.maxMs + MINUTE,
    tellWithin: 5 * SECOND,
    clockError: 0,
    databaseClock: 0,
    recovery: 3 * MINUTE,
    resend: 30 * SECOND,
    ...(pending && { pending }),
    ttl: polling.registrationTtlMs,
    settleMargin: polling.settleMarginMs,
    notFoundGrace: polling.notFoundGraceMs,
    retention: storage.retentionMs,
    erasedWithin: idleMs + 5 * MINUTE,
    queued: queueMs + (nodes > 1 ? 500 : 50),
    notedLate: nodes > 1 ? 500 : 50,
  }
}

const SHORT_ENV = {
  RETRY_SCHEDULE: '5s,20s,60s',
  REGISTRATION_TTL: '5m',
  SETTLE_MARGIN: '1m',
  NOT_FOUND_GRACE: '4m',
  POLL_MIN_INTERVAL: '15s',
  POLL_MAX_INTERVAL: '2m',
}
const MINUTES = {
  nodes: 1,
  spanMs: 4 * MINUTE,
  beginMs: MINUTE,
  pauseMs: MINUTE,
  steps: 6,
  outageMs: 2 * MINUTE,
  moodMs: 4 * MINUTE,
  verdictMs: 3 * MINUTE,
  latencyMs: 300,
  idleMs: 10 * SECOND,
  restMs: 12 * HOUR,
}
// A wait of a minute ends late if loops that only look for work seldom wake up.
const AT_LEISURE = ACTS.filter(one => one !== 'wait')
const WELL = ['well', 'well', 'well'] as const
interface Drawn {
  range: Range
  serials: number
  deaths: number
  isSteady?: boolean
  standstills?: number
}

/**
 * Some minutes with many faults: each act, mood and oddity is left out of half of the histories, so that few of them
 * meet often.
 */
const drawMinutes = ({ below, chance, oneOf }: Draw): Drawn => {
  const some = <T>(list: readonly T[]): T[] => list.filter(() => chance(0.5))
  const isSteady = chance(0.25)
  const config = configOf({
    RETRY_SCHEDULE: oneOf(['5s,20s,60s', '1s,2s,4s,8s', '30s', '500ms,10s,10s,90s']),
    REGISTRATION_TTL: oneOf(['2m', '5m', '15m']),
    SETTLE_MARGIN: oneOf(['10s', '1m', '3m']),
    NOT_FOUND_GRACE: oneOf(['1m', '4m']),
    POLL_MIN_INTERVAL: oneOf(['5s', '15s']),
    POLL_MAX_INTERVAL: oneOf(['1m', '2m']),
    POLL_RAMP: oneOf(['20s', '2m']),
    UPSTREAM_RATE: oneOf(['2', '5', '20']),
    UPSTREAM_CONCURRENCY: oneOf(['2', '4']),
    UPSTREAM_TIMEOUT: oneOf(['3s', '10s']),
    CALLBACK_TIMEOUT: oneOf(['5s', '15s']),
    CALLBACK_CONCURRENCY_PER_HOST: oneOf(['4', '16']),
    RETENTION: isSteady ? '10m' : '30d',
  })
  const range = {
    ...MINUTES,
    config,
    partners: 1 + below(4),
    moods: [...WELL, ...some(MOODS)],
    oddities: some(ODDITIES),
    acts: some(ACTS),
    queueMs: oneOf([20, 20, 2 * SECOND]),
  }
  return { range, serials: 1 + below(7), deaths: 4, isSteady }
}

/** Many verdicts at once, some of them for hosts that never answer; nothing else breaks. */
const drawCrowd = (draw: Draw): Drawn => {
  const { range } = drawMinutes(draw)
  const acts = range.acts.filter(isWithOne)
  const moods = [...WELL, 'hangs'] as const
  const few = { partners: 3, steps: 2, beginMs: 10 * SECOND, moodMs: HOUR, verdictMs: 30 * SECOND, oddities: [] }
  return {
    range: { ...range, config: configOf({ ...SHORT_ENV, CALLBACK_CONCURRENCY_PER_HOST: '4' }), acts, moods, ...few },
    serials: 60,
    deaths: 0,
  }
}

/** Two nodes over a database whose statements take time: much of all, or one thing that both of them do at once. */
const drawTwoNodes = ({ below, oneOf }: Draw): Drawn => {
  const range = {
    ...MINUTES,
    config: configOf({ ...SHORT_ENV, UPSTREAM_RATE: '1' }),
    nodes: 2,
    spanMs: 2 * MINUTE,
    beginMs: 20 * SECOND,
    partners: 1 + below(3),
    pauseMs: 30 * SECOND,
    outageMs: MINUTE,
    moods: [...WELL, ...MOODS],
    oddities: ODDITIES,
    acts: AT_LEISURE,
    queueMs: 20,
    idleMs: 30 * SECOND,
  }
  const aimed = (rate: number, more: Partial<Range>): Range => ({
    ...range,
    config: configOf({
      ...SHORT_ENV,
      RETRY_SCHEDULE: '1s,10s,40s',
      POLL_MIN_INTERVAL: '5s',
      UPSTREAM_RATE: `${rate}`,
      UPSTREAM_TIMEOUT: '5s',
      CALLBACK_TIMEOUT: '10s',
    }),
    ...{ spanMs: 40 * SECOND, beginMs: 2 * SECOND, pauseMs: SECOND, moodMs: 40 * SECOND, verdictMs: 20 * SECOND },
    ...{ partners: 2, oddities: [], acts: [], ...more },
  })
  return oneOf<() => Drawn>([
    () => ({ range, serials: 2 + below(8), deaths: 4 }),
    // More is due than the account may ask, and several fail for one host.
    () => ({ range: aimed(1, { partners: 1, moods: [...WELL, 'down', 'down', 'down'] }), serials: 20, deaths: 0 }),
    // More is registered than partners may have.
    () => {
      const few = { beginMs: 100, pauseMs: 100, verdictMs: 5 * SECOND, moods: WELL, pending: 2 }
      return { range: aimed(5, few), serials: 10, deaths: 0 }
    },
    // One stands still in the midst of calls and webhooks, until the other has begun them again.
    () => {
      const slow = { spanMs: 75 * SECOND, beginMs: MINUTE, moodMs: MINUTE, latencyMs: 4_900 }
      const moods = [...WELL, ...Array<Mood>(6).fill('slow'), 'down', 'flaky'] as const
      const range = aimed(5, { ...slow, moods, acts: ['resend in flight'] })
      return { range, serials: 30, deaths: 0, standstills: 3 }
    },
  ])()
}

/** A year with the settings that the service comes with. */
const drawYear = ({ below }: Draw): Drawn => ({
  range: {
    ...MINUTES,
    config: configOf({}),
    spanMs: 365 * DAY,
    beginMs: 364 * DAY,
    partners: 1 + below(3),
    pauseMs: 6 * HOUR,
    steps: 4,
    outageMs: 12 * HOUR,
    moodMs: 5 * DAY,
    moods: [...WELL, ...MOODS],
    // Two malformed serials in a row pause a quiet account, and others then wait for it.
    oddities: ODDITIES.filter(one => one !== 'malformed'),
    acts: AT_LEISURE,
    queueMs: 20,
    idleMs: 15 * MINUTE,
    restMs: 10 * DAY,
  },
  serials: 200,
  deaths: 60,
})

export type PlanName = 'minutes' | 'postgres' | 'year'
/** @param only the numbers of the parts that are left in; null: all */
export const planOf = (name: PlanName, seed: number, only: readonly number[] | null = null): Plan => {
  const draw = createDraw(seed).fork('plan')
  const draws = { year: drawYear, postgres: drawTwoNodes, minutes: draw.chance(0.05) ? drawCrowd : drawMinutes }
  const { range, serials, ...faults } = draws[name](draw)
  let parts = 0
  const keep = <T>(list: readonly T[]): T[] =>
    list.filter(() => {
      const n = parts++
      return only === null || only.includes(n)
    })
  const plan = {
    ...range,
    moods: [...WELL, ...keep(range.moods.slice(WELL.length))],
    oddities: keep(range.oddities),
    acts: keep(range.acts),
    serials: keep([...Array(serials).keys()]),
    faults: drawFaults(draw, { ...range, from: START, ...faults }, keep),
  }
  const clockError = plan.faults.steps.reduce((sum, { ms }) => sum + Math.abs(ms), 0)
  const promises = promisesOf(range)
  // Serials that were claimed before it stood still are polled together with the next.
  const heldUp = plan.faults.pauses.length > 0 ? range.config.upstream.concurrency : 0
  return { ...plan, promises: { ...promises, clockError, burst: promises.burst + heldUp }, parts }
}
