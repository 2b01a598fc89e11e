import type { Histogram } from '../../core/histogram.ts'
import type { EventFields } from '../emit.ts'

/** The values of a label: all of them, or where they come from. They are few, and never name a partner, a serial, a URL or a host. */
export type LabelValues = readonly string[] | { readonly from: 'accounts' | 'routes' | 'this node' }
type DeclaredLabels = Readonly<Record<string, LabelValues>>

export interface Declaration {
  /** With the prefix `idface_` and, where it has one, its unit. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence for a reader who sees nothing else. */
  readonly help: string
  readonly labels: DeclaredLabels
  /** Upper bounds, ascending; only of a histogram. Empty: whoever counts knows them. */
  readonly buckets?: readonly number[]
}

/** What has to be said of each label of a metric. */
type LabelsOf<Names extends DeclaredLabels> = {
  readonly [Name in keyof Names]: Names[Name] extends readonly (infer Value extends string)[] ? Value : string
}

/** By the name of an event, what it counts for; null: nothing. A histogram takes `ms`, and shows seconds. */
type Sources<Counted> = { readonly [Name in keyof EventFields]?: (fields: EventFields[Name]) => Counted | null }

/** Counted from the events of this process, since it began. */
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

/** As it is when somebody asks. What is not there is not shown. */
export interface ReadMetric<Facts> extends Declaration {
  readonly read: (facts: Facts) => readonly Sample[]
}

/** Makes metrics that are read from facts. A sample has its labels beside its value. */
export const readFrom =
  <Facts>(type: Declaration['type']) =>
  <const Names extends DeclaredLabels = Record<never, never>>(
    name: string,
    help: string,
    shown: { labels?: Names; read: (facts: Facts) => readonly (LabelsOf<NoInfer<Names>> & Sample)[] },
  ): ReadMetric<Facts> => ({ name, type, help, labels: {}, ...shown })
