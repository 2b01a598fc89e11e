import type { Histogram } from '../../core/histogram.ts'
import type { EventFields } from '../emit.ts'

/** All values of a label, or their source. They are few, and never name a partner, a serial, a URL or a host. */
export type LabelValues = readonly string[] | { readonly from: LabelSource }
export type LabelSource = 'accounts' | 'routes' | 'methods' | 'statuses' | 'version' | 'settings' | 'key'
type DeclaredLabels = Readonly<Record<string, LabelValues>>

export interface Declaration {
  /** With the prefix `idface_` and, if it has one, its unit. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence for a reader who sees nothing else. */
  readonly help: string
  readonly labels: DeclaredLabels
  /** Upper bounds, ascending; only of histograms that count events. The samples of a read histogram have their own. */
  readonly buckets?: readonly number[]
}

/** The labels that a sample of a metric must have. */
type LabelsOf<Names extends DeclaredLabels> = {
  readonly [Name in keyof Names]: Names[Name] extends readonly (infer Value extends string)[] ? Value : string
}

/** By event name: returns the labels to count, or null to count nothing. A histogram takes `ms` and shows seconds. */
type Sources<Counted> = { readonly [Name in keyof EventFields]?: (fields: EventFields[Name]) => Counted | null }

/** Counted from the events of this process since its start. */
export interface EventMetric extends Declaration {
  readonly on: Sources<Readonly<Record<string, string | number>>>
}

export const counter = <const Names extends DeclaredLabels>(
  name: string,
  help: string,
  { labels, on }: { labels: Names; on: Sources<LabelsOf<NoInfer<Names>>> },
): EventMetric => ({ name, type: 'counter', help, labels, on })

export const histogram = <const Names extends DeclaredLabels = Record<never, never>>(
  name: string,
  help: string,
  counted: { labels?: Names; buckets: readonly number[]; on: Sources<LabelsOf<NoInfer<Names>> & { ms: number }> },
): EventMetric => ({ name, type: 'histogram', help, labels: {}, ...counted })

interface Sample {
  readonly value: number | Histogram
}

/** Read at each scrape. Unknown values are not shown. */
export interface ReadMetric<Facts> extends Declaration {
  readonly read: (facts: Facts) => readonly Sample[]
}

/** Makes metrics that are read from facts. A sample has its labels beside its value. */
export const readFrom =
  <Facts>(type: Declaration['type']) =>
  <const Names extends DeclaredLabels = Record<never, never>>(
    name: string,
    help: string,
    source: { labels?: Names; read: (facts: Facts) => readonly (LabelsOf<NoInfer<Names>> & Sample)[] },
  ): ReadMetric<Facts> => ({ name, type, help, labels: {}, ...source })
