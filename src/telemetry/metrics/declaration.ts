import type { Metric, Registry } from 'prom-client'
import type { Histogram } from '../../core/histogram.ts'

/** The values of a label: all of them, or where they come from. They are few, and never name a partner, a serial, a URL or a host. */
export type LabelValues = readonly string[] | { readonly from: 'accounts' | 'routes' | 'this node' }

export interface Declaration {
  /** With the prefix `idface_` and, where it has one, its unit. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence for a reader who sees nothing else. */
  readonly help: string
  readonly labels: Readonly<Record<string, LabelValues>>
  /** Upper bounds, ascending; only of a histogram. Empty: whoever counts knows them. */
  readonly buckets?: readonly number[]
}

type DeclaredLabels = Declaration['labels']
type Made<Type extends Declaration['type'], Names extends DeclaredLabels> = Declaration & {
  readonly type: Type
  readonly labels: Names
}

const labelled =
  <const Type extends 'counter' | 'gauge'>(type: Type) =>
  <const Names extends DeclaredLabels = Record<never, never>>(
    name: string,
    help: string,
    labels = {} as Names,
  ): Made<Type, Names> => ({ name, type, help, labels })
export const counter = labelled('counter')
export const gauge = labelled('gauge')

export const histogram = <const Names extends DeclaredLabels = Record<never, never>>(
  name: string,
  help: string,
  { buckets, labels = {} as Names }: { buckets: readonly number[]; labels?: Names },
): Made<'histogram', Names> => ({ name, type: 'histogram', help, labels, buckets })

/** What has to be said of each label of a metric. */
export type LabelsOf<Of extends Declaration> = {
  readonly [Name in keyof Of['labels']]: Of['labels'][Name] extends readonly (infer Value extends string)[]
    ? Value
    : string
}

export type Labels = Readonly<Record<string, string>>

interface AnySample {
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

/** Has the registry show a metric that is counted elsewhere. A registry asks no more of a metric than this. */
export const showMetric = (
  registry: Registry,
  { name, help, type }: Declaration,
  samples: () => readonly AnySample[],
): void => {
  const get = async () => ({ name, help, type, values: samples().flatMap(sample => linesOf(name, sample)) })
  registry.registerMetric({ name, get } as unknown as Metric)
}
