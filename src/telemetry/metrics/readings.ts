import type { Registry } from 'prom-client'
import type { Histogram } from '../../core/histogram.ts'
import type { Declaration, LabelsOf } from './declaration.ts'
import { READING_METRICS } from './declarations.ts'
import { showMetric } from './shown-metric.ts'

type Table = typeof READING_METRICS

interface Sample<Of extends Declaration> {
  labels: LabelsOf<Of>
  value: Of['type'] extends 'histogram' ? Histogram : number
}

/** The values of metrics that are as they are when somebody asks. What is not there is not shown. */
export type Readings = { readonly [Name in keyof Table]?: readonly Sample<Table[Name]>[] }

/** Metrics that are counted elsewhere. What it returns sets the values that the registry shows from then on. */
export const createReadingMetrics = (registry: Registry): ((readings: Readings) => void) => {
  let shown: Readings = {}
  for (const key of Object.keys(READING_METRICS) as (keyof Table)[])
    showMetric(registry, READING_METRICS[key], () => shown[key] ?? [])
  return readings => {
    shown = readings
  }
}
