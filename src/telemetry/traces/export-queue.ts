import { TraceFlags } from '@opentelemetry/api'
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { SECOND } from '../../core/duration.ts'
import type { Emit } from '../emit.ts'

interface ExportQueueDeps {
  exporter: SpanExporter
  /** The collector's. */
  host: string
  emit: Emit<'traces.export_failed' | 'traces.export_recovered' | 'traces.spans_lost'>
}

/** Some MB. What ends while so many wait is lost. */
const MOST_WAITING = 2_048
/** A batch goes when there are so many, or this time after its first. */
const BATCH = 512
const EVERY_MS = SECOND
const ACCEPTED = 0

/** Sends spans in batches, one batch at a time, and counts what is lost. */
export const createExportQueue = ({ exporter, host, emit }: ExportQueueDeps) => {
  let waiting = 0
  let beingSent = 0
  /** Ended while the queue was full, and not told yet. */
  let refused = 0
  /** Since the failure that was told; null: there was none since a batch was accepted last. */
  let lost: number | null = null

  const lose = (spans: number, error: unknown): void => {
    if (lost === null) emit('traces.export_failed', { host, error })
    lost = (lost ?? 0) + spans
    emit('traces.spans_lost', { spans })
  }
  const recover = (): void => {
    if (lost !== null) emit('traces.export_recovered', { host, lost })
    lost = null
  }
  const tellRefused = (): boolean => {
    if (refused === 0) return false
    lose(refused, new Error('spans come faster than the collector takes them'))
    refused = 0
    return true
  }

  const counted: SpanExporter = {
    export: (batch, onResult) => {
      waiting -= batch.length
      beingSent += batch.length
      exporter.export(batch, result => {
        beingSent -= batch.length
        const isAccepted = result.code === ACCEPTED
        if (!isAccepted) lose(batch.length, result.error)
        if (!tellRefused() && isAccepted) recover()
        onResult(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
  const batches = new BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: EVERY_MS,
  })

  return {
    processor: {
      onStart: () => {},
      onEnd: span => {
        if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
        if (waiting >= MOST_WAITING) refused++
        else {
          waiting++
          batches.onEnd(span)
        }
      },
      forceFlush: () => batches.forceFlush(),
      shutdown: () => batches.shutdown(),
    } satisfies SpanProcessor,
    /** Counts as lost whatever has not been accepted yet. */
    giveUp: (): void => {
      const left = waiting + beingSent
      if (left > 0) lose(left, new Error('the service has stopped before the collector took all spans'))
    },
  }
}
