import { join } from 'node:path'
import { measureFlood, openFlow, SETTINGS } from './flow.ts'
import { openChild } from './support/child.ts'
import { contest, medianOf, ratioOf, type Sample } from './support/contest.ts'
import type { Part } from './support/part.ts'

const COLLECTOR = join(import.meta.dirname, 'traces/collector.ts')
const REGISTRATIONS = 30_000

const WITHOUT = 'without'
const SAMPLED = 'one in a hundred'
const ALL = 'all'
const HANGING = 'all, to a collector that hangs'
const KINDS = [WITHOUT, SAMPLED, ALL, HANGING] as const

const environmentOf = (kind: string, url: string): Record<string, string> => ({
  ...(kind === WITHOUT ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: url }),
  ...(kind === SAMPLED ? { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' } : {}),
})

const runOnce = async (kind: string, scale: number): Promise<Sample> => {
  await using collector = openChild(COLLECTOR, { args: kind === HANGING ? ['hang'] : [] })
  const { url } = await collector.next<{ url: string }>()
  await using flow = await openFlow('http', { ...SETTINGS, ...environmentOf(kind, url) })
  const count = Math.round(REGISTRATIONS * scale)
  const { spans: before } = await collector.ask<{ spans: number }>('count')
  const sample = await measureFlood(flow, count)
  const { spans } = await collector.ask<{ spans: number }>('count')
  return { ...sample, spansPerVerdict: (spans - before) / count }
}

export const traces: Part = async ({ rounds, scale, say }) => {
  const samples = await contest(
    KINDS.map(kind => ({ name: kind, run: () => runOnce(kind, scale) })),
    { rounds, say },
  )
  const cpuOf = (kind: string) => medianOf(samples, kind, 'cpuMicros')
  return {
    part: 'traces',
    title: 'Traces',
    method: `The same as *All at once*, over plain http, as fast as the service accepts: ${REGISTRATIONS} registrations until the last webhook has arrived,
without traces and with \`OTEL_EXPORTER_OTLP_ENDPOINT\` set to a collector in a process of its own, which reads and throws away. A verdict is two spans, its
poll and its attempt, and a part of the span of its batch. *Spans a verdict* are those that the collector got.`,
    columns: ['verdicts/s', 'of those without', 'CPU, µs a verdict', 'spans a verdict'],
    rows: KINDS.map(kind => ({
      name: kind,
      cells: {
        'verdicts/s': medianOf(samples, kind, 'verdictsPerSecond').toFixed(0),
        'of those without': `${ratioOf(samples, [kind, WITHOUT], 'verdictsPerSecond').toFixed(2)} ×`,
        'CPU, µs a verdict': cpuOf(kind).toFixed(0),
        'spans a verdict': medianOf(samples, kind, 'spansPerVerdict').toFixed(2),
      },
    })),
    findings: [],
    notes: [
      'Fewer than 2 spans a verdict: some came faster than they were sent, and were lost and counted (`traces.spans_lost`).',
      'All processes share two cores, so what the collector takes is missing to the service.',
    ],
  }
}
