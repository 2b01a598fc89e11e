import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import type { Clock } from '../../core/clock.ts'
import type { Emit } from '../emit.ts'
import { createExportQueue } from './export-queue.ts'
import { createSampler, type Sampling } from './sampler.ts'
import { createSpanTracer } from './span-tracer.ts'
import type { Traces } from './tracer.ts'

export interface SdkOptions {
  /** The collector's URL, to which `/v1/traces` is added. */
  endpoint: string
  story: 'link' | 'parent'
  sampling: Sampling
  version: string
  sleep: Clock['sleep']
  emit: Emit<'traces.export_failed' | 'traces.export_recovered' | 'traces.spans_lost'>
}

const NAME = 'idface-notifier'

/**
 * OpenTelemetry's SDK. It reads itself the `OTEL_` variables of its resource and of the exporter's headers and time limits.
 * Nothing is registered globally, so that no library makes spans of its own.
 */
export const openSdk = ({ endpoint, story, sampling, version, sleep, emit }: SdkOptions): Traces => {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
  const queue = createExportQueue({ exporter, host: new URL(endpoint).host, emit })
  const provider = new TracerProvider({
    sampler: createSampler(sampling),
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [queue.processor],
  })

  const flush = async (withinMs: number): Promise<void> => {
    const limit = new AbortController()
    const timeout = sleep(withinMs, limit.signal).catch(() => {})
    // That a batch was not accepted is told already.
    const flushed = provider.shutdown().catch(() => {})
    await Promise.race([flushed, timeout]).finally(() => limit.abort())
  }
  return {
    tracer: createSpanTracer(provider.getTracer(NAME, version), story),
    close: async withinMs => {
      await flush(withinMs)
      queue.giveUp()
    },
  }
}
