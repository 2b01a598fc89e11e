import { SECOND } from './duration.ts'
import { type Histogram, quantile } from './histogram.ts'

/** Counts by name. */
export type Sums = Readonly<Record<string, number>>

/*
 * The names of what is counted in the history. A name has two parts, `verdicts.succeeded`: what is counted, and of which kind.
 * Names may be added; one that has been written keeps its meaning.
 */

/**
 * The bounds of lags, in seconds: the last poll without a verdict to the one that saw it, and due to sent. A quantile is somewhere
 * between two of them, so above 10 s each is at most twice the one before.
 */
export const DETECTION_LAGS = [0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600] as const
export const DELIVERY_LAGS = [
  ...[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ...[20, 30, 60, 120, 240, 300, 600, 900, 1_800, 3_600],
] as const

const inMs = (seconds: readonly number[]): number[] => seconds.map(one => Math.round(one * SECOND))

/** In ms; the delivery lag of first attempts only. */
const LAGS = {
  detection_lag: inMs(DETECTION_LAGS),
  delivery_lag: inMs(DELIVERY_LAGS),
} as const satisfies Record<string, readonly number[]>
type Lag = keyof typeof LAGS
const BEYOND = 'more'

/** The name by which a lag is counted. */
export const lagName = (lag: Lag, ms: number): string => `${lag}.${LAGS[lag].find(bound => ms <= bound) ?? BEYOND}`

export type Gauge = 'polls_due' | 'polls_oldest_ms' | 'deliveries_due' | 'deliveries_oldest_ms'

const lagsOf = (sums: Sums, lag: Lag): Pick<Histogram, 'bounds' | 'counts'> => ({
  bounds: LAGS[lag],
  counts: [...LAGS[lag], BEYOND].map(bound => sums[`${lag}.${bound}`] ?? 0),
})

/** In ms; null: there was none. */
export interface Quantiles {
  p50: number | null
  p95: number | null
  p99: number | null
}

/** What has happened in some time. */
export interface Activity {
  registrations: number
  polls: number
  verdicts: number
  unresolved: number
  attempts: number
  delivered: number
  exhausted: number
  detectionLagMs: Quantiles
  deliveryLagMs: Quantiles
}

const quantilesOf = (histogram: Pick<Histogram, 'bounds' | 'counts'>): Quantiles => ({
  p50: quantile(histogram, 0.5),
  p95: quantile(histogram, 0.95),
  p99: quantile(histogram, 0.99),
})

/** All of these together. */
export const activityOf = (all: readonly Sums[]): Activity => {
  const sums: Record<string, number> = {}
  for (const one of all) for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count
  const sumOf = (what: string): number =>
    Object.entries(sums).reduce((sum, [name, count]) => (name.startsWith(`${what}.`) ? sum + count : sum), 0)
  return {
    registrations: sums['registrations.created'] ?? 0,
    polls: sumOf('polls'),
    verdicts: sumOf('verdicts'),
    unresolved: sumOf('unresolved'),
    attempts: sumOf('attempts'),
    delivered: sums['messages.delivered'] ?? 0,
    exhausted: (sums['messages.exhausted'] ?? 0) + (sums['messages.gone'] ?? 0),
    detectionLagMs: quantilesOf(lagsOf(sums, 'detection_lag')),
    deliveryLagMs: quantilesOf(lagsOf(sums, 'delivery_lag')),
  }
}
