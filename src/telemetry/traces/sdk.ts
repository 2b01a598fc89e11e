import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { type Clock, within } from '../../core/clock.ts'
import { SECOND } from '../../core/duration.ts'
import type { Emit } from '../emit.ts'
import { createSpanTracer } from './span-tracer.ts'

type ExportEmit = Emit<'traces.export_failed' | 'traces.export_recovered'>

export interface SdkOptions {
  /** The collector's URL, to which `/v1/traces` is added. */
  endpoint: string
  version: string
  sleep: Clock['sleep']
  emit: ExportEmit
}

const ACCEPTED = 0

/** Emits once that the collector refuses spans and, when it takes them again, how many were lost. */
const watched = (exporter: SpanExporter, host: string, emit: ExportEmit): SpanExporter => {
  /** Spans lost since the emitted failure; null: the collector has taken the last batch. */
  let lost: number | null = null
  return {
    export: (batch, onResult) =>
      exporter.export(batch, result => {
        if (result.code !== ACCEPTED) {
          if (lost === null) emit('traces.export_failed', { host, error: result.error })
          lost = (lost ?? 0) + batch.length
        } else if (lost !== null) {
          emit('traces.export_recovered', { host, lost })
          lost = null
        }
        onResult(result)
      }),
    shutdown: () => exporter.shutdown(),
  }
}

const NAME = 'idface-notifier'

/**
 * Opens OpenTelemetry's SDK. The SDK itself reads the `OTEL_` variables of its resource and of the exporter's headers
 * and time limits. Nothing is registered globally, so that libraries make no spans.
 */
export const openSdk = ({ endpoint, version, sleep, emit }: SdkOptions) => {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: watched(exporter, new URL(endpoint).host, emit),
        // Some MB. Spans that end while the queue is full are lost.
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
        scheduledDelayMillis: SECOND,
      }),
    ],
  })
  return {
    tracer: createSpanTracer(provider.getTracer(NAME, version)),
    /** Sends the remaining spans, for at most `withinMs`; the rest is lost. */
    close: (withinMs: number): Promise<void> =>
      within(
        { sleep },
        withinMs,
        // A batch that was not accepted has been emitted already.
        provider.shutdown().catch(() => {}),
      ),
  }
}
