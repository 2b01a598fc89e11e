import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'

/** When people complete their face check: a distribution of the age, and the share that never does. */
export interface Law {
  name: string
  /** A few words for the table. */
  description: string
  /** The share that has completed by this age; it never reaches 1 if some give up. */
  completedBy: (ageMs: number) => number
}

export const DEADLINE_MS = 24 * HOUR

/** The normal distribution function by Abramowitz and Stegun 7.1.26, with an error below 1.5e-7. */
const normal = (z: number): number => {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2)
  const tail =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp((-z * z) / 2)
  return z > 0 ? 1 - tail / 2 : tail / 2
}

const logNormal =
  ({ fromMs, medianMs, sigma }: { fromMs: number; medianMs: number; sigma: number }) =>
  (ageMs: number): number =>
    ageMs <= fromMs ? 0 : normal(Math.log((ageMs - fromMs) / (medianMs - fromMs)) / sigma)

/** A tail that falls like a power of the age. */
const logLogistic =
  ({ fromMs, medianMs, power }: { fromMs: number; medianMs: number; power: number }) =>
  (ageMs: number): number =>
    ageMs <= fromMs ? 0 : 1 / (1 + ((ageMs - fromMs) / (medianMs - fromMs)) ** -power)

type Cdf = (ageMs: number) => number
const mixed =
  (...parts: readonly [share: number, cdf: Cdf][]): Cdf =>
  ageMs =>
    parts.reduce((sum, [share, cdf]) => sum + share * cdf(ageMs), 0)

const usual = logNormal({ fromMs: 8 * SECOND, medianMs: 50 * SECOND, sigma: 0.8 })
const slow = logNormal({ fromMs: MINUTE, medianMs: 15 * MINUTE, sigma: 0.7 })

export const LAWS = {
  usual: { name: 'usual', description: 'median 50 s, 15 % never', completedBy: mixed([0.85, usual]) },
  fast: {
    name: 'fast',
    description: 'median 20 s, 5 % never',
    completedBy: mixed([0.95, logNormal({ fromMs: 5 * SECOND, medianMs: 20 * SECOND, sigma: 0.6 })]),
  },
  slow: { name: 'slow', description: 'median 15 min, 10 % never', completedBy: mixed([0.9, slow]) },
  bimodal: {
    name: 'bimodal',
    description: '55 % around 40 s, 30 % around 40 min, 15 % never',
    completedBy: mixed(
      [0.55, logNormal({ fromMs: 8 * SECOND, medianMs: 40 * SECOND, sigma: 0.5 })],
      [0.3, logNormal({ fromMs: 0, medianMs: 40 * MINUTE, sigma: 0.3 })],
    ),
  },
  heavy: {
    name: 'heavy-tailed',
    description: 'median 90 s, a twentieth after 1 h, 5 % never',
    completedBy: mixed([0.95, logLogistic({ fromMs: 8 * SECOND, medianMs: 90 * SECOND, power: 0.85 })]),
  },
  abandoned: { name: 'abandoned', description: 'median 50 s, 40 % never', completedBy: mixed([0.6, usual]) },
} satisfies Record<string, Law>

export const STATIONARY: readonly Law[] = Object.values(LAWS)

/** Two kinds of check that may share an account. */
export const QUICK: Law = {
  name: 'quick',
  description: 'median 1 min',
  completedBy: logNormal({ fromMs: 8 * SECOND, medianMs: MINUTE, sigma: 0.6 }),
}
export const HOURS: Law = {
  name: 'slow',
  description: '1 to 2 h',
  completedBy: logNormal({ fromMs: 30 * MINUTE, medianMs: 90 * MINUTE, sigma: 0.3 }),
}
export const mixtureOf = (slowShare: number): Law => ({
  name: 'mixture',
  description: `${slowShare * 100} % slow`,
  completedBy: mixed([1 - slowShare, QUICK.completedBy], [slowShare, HOURS.completedBy]),
})

/** Laws that change from one to the other halfway. */
export const CHANGES: readonly { name: string; before: Law; after: Law }[] = [
  { name: 'usual, then slow', before: LAWS.usual, after: LAWS.slow },
  { name: 'slow, then usual', before: LAWS.slow, after: LAWS.usual },
  { name: 'usual, then 40 % abandoned', before: LAWS.usual, after: LAWS.abandoned },
]

/** Draws the age at which somebody completes; infinity: never, or after the deadline. */
export const drawAge = ({ completedBy }: Law, random: number): number => {
  if (random >= completedBy(DEADLINE_MS)) return Number.POSITIVE_INFINITY
  let low = 0
  let high = DEADLINE_MS
  while (high - low > 1) {
    const middle = (low + high) / 2
    if (completedBy(middle) > random) high = middle
    else low = middle
  }
  return high
}
