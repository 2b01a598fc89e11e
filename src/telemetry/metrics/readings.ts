import type { Metric, Registry } from 'prom-client'
import type { Declaration, LabelsOf } from './declaration.ts'
import { READING_METRICS } from './declarations.ts'

type Table = typeof READING_METRICS

/** How many values fell up to each bound, and one count more for what exceeds the last. */
export interface CountedValues {
  bounds: readonly number[]
  counts: readonly number[]
  sum: number
}

interface Sample<Of extends Declaration> {
  labels: LabelsOf<Of>
  value: Of['type'] extends 'histogram' ? CountedValues : number
}

/** The values of metrics that are as they are when somebody asks. What is not there is not shown. */
export type Readings = { readonly [Name in keyof Table]?: readonly Sample<Table[Name]>[] }

interface AnySample {
  labels: Readonly<Record<string, string>>
  value: number | CountedValues
}

/** As the text has them. */
interface Line {
  metricName?: string
  labels: Readonly<Record<string, string>>
  value: number
}

const bucketsOf = (name: string, labels: AnySample['labels'], { bounds, counts, sum }: CountedValues): Line[] => {
  let total = 0
  const buckets = counts.map((count, index): Line => {
    total += count
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bounds[index] ?? '+Inf') }, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ]
}

const linesOf = (name: string, { labels, value }: AnySample): Line[] =>
  typeof value === 'number' ? [{ labels, value }] : bucketsOf(name, labels, value)

/** Metrics that are counted elsewhere. What it returns sets the values that the registry shows from then on. */
export const createReadingMetrics = (registry: Registry): ((readings: Readings) => void) => {
  let shown: Readings = {}
  for (const key of Object.keys(READING_METRICS) as (keyof Table)[]) {
    const { name, help, type } = READING_METRICS[key]
    const get = async () => ({
      ...{ name, help, type },
      values: (shown[key] ?? []).flatMap(sample => linesOf(name, sample)),
    })
    // A registry asks no more of a metric than this; its own classes can only count by themselves.
    registry.registerMetric({ name, get } as unknown as Metric)
  }
  return readings => {
    shown = readings
  }
}
