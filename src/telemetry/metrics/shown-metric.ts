import type { Metric, Registry } from 'prom-client'
import type { Histogram } from '../../core/histogram.ts'
import type { Declaration } from './declaration.ts'

export type Labels = Readonly<Record<string, string>>

export interface AnySample {
  labels: Labels
  value: number | Histogram
}

/** As the text has them. The registry keeps the text of shared labels for as long as the object lives. */
interface Line {
  metricName?: string
  labels?: Labels
  sharedLabels: Labels
  value: number
}

const bucketsOf = (name: string, sharedLabels: Labels, { bounds, counts, sum }: Histogram): Line[] => {
  let total = 0
  const buckets = counts.map((count, index): Line => {
    total += count
    return { metricName: `${name}_bucket`, labels: { le: String(bounds[index] ?? '+Inf') }, sharedLabels, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, sharedLabels, value: sum },
    { metricName: `${name}_count`, sharedLabels, value: total },
  ]
}

const linesOf = (name: string, { labels, value }: AnySample): Line[] =>
  typeof value === 'number' ? [{ sharedLabels: labels, value }] : bucketsOf(name, labels, value)

/**
 * Has the registry show a metric that is counted here. A registry asks no more of a metric than this; its own classes hash all labels
 * with every count, which costs several times as much.
 */
export const showMetric = (
  registry: Registry,
  { name, help, type }: Declaration,
  samples: () => readonly AnySample[],
): void => {
  const get = async () => ({ name, help, type, values: samples().flatMap(sample => linesOf(name, sample)) })
  registry.registerMetric({ name, get } as unknown as Metric)
}
