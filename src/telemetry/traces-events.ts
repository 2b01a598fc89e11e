import { ERROR, type EventEntry, NUMBER, TEXT } from './event-fields.ts'

/** What happens between the service and the collector of its traces. */
export const TRACES_EVENTS = {
  'traces.export_failed': {
    level: 'warn',
    fields: { host: TEXT, error: ERROR },
    meaning:
      'The collector at `host` (`OTEL_EXPORTER_OTLP_ENDPOINT`) does not take spans, or not as fast as they come; reported once, until it takes them again. Only traces are lost: the service is not slowed down. See [traces](operations.md#traces).',
  },
  'traces.export_recovered': {
    level: 'info',
    fields: { host: TEXT, lost: NUMBER },
    meaning: 'The collector takes spans again; `lost` of them were lost meanwhile.',
  },
  'traces.spans_lost': {
    level: 'debug',
    fields: { spans: NUMBER },
    meaning: 'So many spans were not exported: the collector did not take them, or too many waited.',
  },
} as const satisfies Record<string, EventEntry>
