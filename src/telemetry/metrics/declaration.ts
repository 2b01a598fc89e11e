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

type Labels = Declaration['labels']
type Made<Type extends Declaration['type'], Names extends Labels> = Declaration & {
  readonly type: Type
  readonly labels: Names
}

export const counter = <const Names extends Labels = Record<never, never>>(
  name: string,
  help: string,
  labels = {} as Names,
): Made<'counter', Names> => ({ name, type: 'counter', help, labels })

export const gauge = <const Names extends Labels = Record<never, never>>(
  name: string,
  help: string,
  labels = {} as Names,
): Made<'gauge', Names> => ({ name, type: 'gauge', help, labels })

export const histogram = <const Names extends Labels = Record<never, never>>(
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
