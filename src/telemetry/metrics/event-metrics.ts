import { Counter, Histogram, type Registry } from 'prom-client'
import { SECOND } from '../../core/duration.ts'
import type { Declaration, LabelsOf } from './declaration.ts'
import { EVENT_METRICS } from './declarations.ts'

type Table = typeof EVENT_METRICS
type NameOf<Type extends Declaration['type']> = {
  [Name in keyof Table]: Table[Name]['type'] extends Type ? Name : never
}[keyof Table]
type Labels = Record<string, string>

export interface EventMetrics {
  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Table[Name]>): void
  /** @param ms is kept in seconds */
  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Table[Name]>, ms: number): void
  /** Shows zeros for values of labels that are known now, with all values of its other labels. Not to be called again for them. */
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

const make = (declaration: Declaration, registry: Registry): Counter | Histogram => {
  const { name, help, labels, buckets = [] } = declaration
  const common = { name, help, labelNames: Object.keys(labels), registers: [registry] }
  return declaration.type === 'counter' ? new Counter(common) : new Histogram({ ...common, buckets: [...buckets] })
}

/** The metrics that are counted here. Whatever is known from the start shows zeros from the start. */
export const createEventMetrics = (registry: Registry): EventMetrics => {
  const names = Object.keys(EVENT_METRICS) as (keyof Table)[]
  const made = Object.fromEntries(names.map(name => [name, make(EVENT_METRICS[name], registry)])) as Record<
    keyof Table,
    Counter | Histogram
  >

  const begin = (name: keyof Table, known: Labels) => {
    const metric = made[name]
    for (const labels of combinationsOf(EVENT_METRICS[name], known))
      if (metric instanceof Counter) metric.inc(labels, 0)
      else metric.zero(labels)
  }
  for (const name of names) begin(name, {})

  return {
    count: (name, labels) => (made[name] as Counter).inc(labels as Labels),
    observe: (name, labels, ms) => (made[name] as Histogram).observe(labels as Labels, ms / SECOND),
    begin: (name, known) => begin(name, known as Labels),
  }
}
