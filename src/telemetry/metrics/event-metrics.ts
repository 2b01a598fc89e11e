import { Counter, Histogram, type Registry } from 'prom-client'
import { SECOND } from '../../core/duration.ts'
import type { Declaration, Labels, LabelsOf } from './declaration.ts'
import { EVENT_METRICS } from './declarations.ts'

type Table = typeof EVENT_METRICS
type NameOf<Type extends Declaration['type']> = {
  [Name in keyof Table]: Table[Name]['type'] extends Type ? Name : never
}[keyof Table]

export interface EventMetrics {
  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Table[Name]>): void
  /** @param ms is kept in seconds */
  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Table[Name]>, ms: number): void
  /** Shows zeros for values of labels that are known now, with all values of its other labels. */
  begin<Name extends keyof Table>(name: Name, known: Partial<LabelsOf<Table[Name]>>): void
}

/** Every way to choose a value for each label, where some are chosen already; none where a label has no known value. */
const combinationsOf = ({ labels }: Declaration, known: Labels): Labels[] => {
  let combinations: Labels[] = [{}]
  for (const [name, all] of Object.entries(labels)) {
    const given = known[name]
    const values = given !== undefined ? [given] : 'from' in all ? [] : all
    combinations = combinations.flatMap(chosen => values.map(value => ({ ...chosen, [name]: value })))
  }
  return combinations
}

/** The metrics that are counted here. Whatever is known from the start shows zeros from the start. */
export const createEventMetrics = (registry: Registry): EventMetrics => {
  const counters = new Map<keyof Table, Counter>()
  const histograms = new Map<keyof Table, Histogram>()
  const names = Object.keys(EVENT_METRICS) as (keyof Table)[]
  for (const key of names) {
    const { name, help, type, labels, buckets = [] }: Declaration = EVENT_METRICS[key]
    const metric = { name, help, labelNames: Object.keys(labels), registers: [registry] }
    if (type === 'histogram') histograms.set(key, new Histogram({ ...metric, buckets: [...buckets] }))
    else counters.set(key, new Counter(metric))
  }

  const begin = (name: keyof Table, known: Labels) => {
    for (const labels of combinationsOf(EVENT_METRICS[name], known)) {
      counters.get(name)?.inc(labels, 0)
      histograms.get(name)?.zero(labels)
    }
  }
  for (const name of names) begin(name, {})

  return {
    count: (name, labels) => counters.get(name)?.inc(labels as Labels),
    observe: (name, labels, ms) => histograms.get(name)?.observe(labels as Labels, ms / SECOND),
    begin: (name, known) => begin(name, known as Labels),
  }
}
