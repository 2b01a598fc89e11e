import { TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { createExportQueue } from '../../../src/telemetry/traces/export-queue.ts'

type OnResult = Parameters<SpanExporter['export']>[1]

const spanWith = (traceFlags: number) => ({ spanContext: () => ({ traceFlags }), resource: {} }) as ReadableSpan
const SPAN = spanWith(TraceFlags.SAMPLED)

/** A queue whose exporter answers when it is told to. */
const openScene = () => {
  const told: unknown[] = []
  const sent: { spans: number; answer: OnResult }[] = []
  const { processor, giveUp } = createExportQueue({
    exporter: {
      export: (batch, answer) => void sent.push({ spans: batch.length, answer }),
      shutdown: async () => {},
    },
    host: 'collector:4318',
    emit: (...event) => told.push(event),
  })
  return {
    told,
    sent,
    giveUp,
    processor,
    end: (count: number, span = SPAN) => {
      for (let n = 0; n < count; n++) processor.onEnd(span)
    },
    answer: async (code: number) => {
      const error = code === 0 ? {} : { error: new Error('refused') }
      for (const { answer } of sent.splice(0)) answer({ code, ...error })
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}

test('keeps 2,048 spans beside those that are being sent, and counts what comes beyond', async () => {
  const { told, sent, end, answer } = openScene()
  end(512 + 2_048 + 7)
  expect(sent.map(({ spans }) => spans)).toEqual([512])
  expect(told).toEqual([])
  await answer(0)
  expect(told).toEqual([
    [
      'traces.export_failed',
      { host: 'collector:4318', error: new Error('spans come faster than the collector takes them') },
    ],
    ['traces.spans_lost', { spans: 7 }],
  ])
  while (sent.length > 0) await answer(0)
  expect(told.slice(2)).toEqual([['traces.export_recovered', { host: 'collector:4318', lost: 7 }]])
})

test('tells the first failure of several, counts all, and tells when spans are taken again', async () => {
  const { told, sent, end, answer, processor } = openScene()
  for (const code of [1, 1, 0, 1]) {
    end(3)
    const flushed = processor.forceFlush().catch(() => {})
    expect(sent).toHaveLength(1)
    await answer(code)
    await flushed
  }
  expect(told).toEqual([
    ['traces.export_failed', { host: 'collector:4318', error: new Error('refused') }],
    ['traces.spans_lost', { spans: 3 }],
    ['traces.spans_lost', { spans: 3 }],
    ['traces.export_recovered', { host: 'collector:4318', lost: 6 }],
    ['traces.export_failed', { host: 'collector:4318', error: new Error('refused') }],
    ['traces.spans_lost', { spans: 3 }],
  ])
})

test('counts as lost what waits and what is being sent when it gives up', () => {
  const { told, end, giveUp } = openScene()
  giveUp()
  expect(told).toEqual([])
  end(600)
  giveUp()
  expect(told).toMatchObject([
    ['traces.export_failed', {}],
    ['traces.spans_lost', { spans: 600 }],
  ])
})

test('keeps no span that is not sampled', async () => {
  const { told, end, giveUp } = openScene()
  end(3_000, spanWith(TraceFlags.NONE))
  giveUp()
  expect(told).toEqual([])
})
