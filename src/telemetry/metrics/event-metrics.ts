import type { Registry } from 'prom-client'
import { SECOND } from '../../core/duration.ts'
import { createHistogram } from '../../core/histogram.ts'
import { type AnySample, type Declaration, type Labels, type LabelsOf, showMetric } from './declaration.ts'
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

/** What is counted for one choice of labels. */
interface Series {
  add(value: number): void
  sample(): AnySample
}

const countedSeries = (labels: Labels): Series => {
  let value = 0
  return {
    add: more => {
      value += more
    },
    sample: () => ({ labels, value }),
  }
}

const histogramSeries = (labels: Labels, buckets: readonly number[]): Series => {
  const { observe, read } = createHistogram(buckets)
  return { add: observe, sample: () => ({ labels, value: read() }) }
}

const createSeries = (declaration: Declaration, registry: Registry) => {
  const all = new Map<string, Series>()
  const names = Object.keys(declaration.labels)
  showMetric(registry, declaration, () => [...all.values()].map(series => series.sample()))
  return (labels: Labels): Series => {
    let key = ''
    // A space is in no value.
    for (const name of names) key += ` ${labels[name]}`
    const known = all.get(key)
    if (known) return known
    const inOrder = Object.fromEntries(names.map(name => [name, labels[name] ?? '']))
    const { buckets } = declaration
    const series = buckets ? histogramSeries(inOrder, buckets) : countedSeries(inOrder)
    all.set(key, series)
    return series
  }
}

/** The metrics that are counted here. Whatever is known from the start shows zeros from the start. */
export const createEventMetrics = (registry: Registry): EventMetrics => {
  const names = Object.keys(EVENT_METRICS) as (keyof Table)[]
  const seriesOf = Object.fromEntries(names.map(name => [name, createSeries(EVENT_METRICS[name], registry)])) as Record<
    keyof Table,
    (labels: Labels) => Series
  >

  const begin = (name: keyof Table, known: Labels) => {
    for (const labels of combinationsOf(EVENT_METRICS[name], known)) seriesOf[name](labels)
  }
  for (const name of names) begin(name, {})

  return {
    count: (name, labels) => seriesOf[name](labels as Labels).add(1),
    observe: (name, labels, ms) => seriesOf[name](labels as Labels).add(ms / SECOND),
    begin: (name, known) => begin(name, known as Labels),
  }
}
