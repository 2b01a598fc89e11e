import { z } from 'zod'
import { DAY, MINUTE, SECOND } from '../../core/duration.ts'
import { type HistoryFigures, historyFigures } from '../../core/history.ts'
import type { Words } from '../../core/language.ts'
import {
  HISTORY_KEPT_MS,
  HISTORY_STEPS,
  type HistoryBucket,
  type HistorySpan,
  type HistoryStep,
  totalsOf,
} from '../../store/history/history.ts'
import { AT, COUNT, choiceField } from './fields.ts'
import { readTimes, timed, ZONE } from './times.ts'
import { invalid } from './validate.ts'

const STEPS = ['5m', '1h'] as const satisfies HistoryStep[]
const DEFAULT_SPAN_MS = DAY
/** Calls take time, and clocks differ. */
const TOLERANCE_MS = 5 * MINUTE

/** Parameters of both forms of history. */
export const SPAN_QUERY = {
  since: timed('The beginning; by default 24 hours before the end.').optional(),
  until: timed('The end, which is not included; by default now.').optional(),
  zone: ZONE,
}
export const SERIES_QUERY = {
  ...SPAN_QUERY,
  step: choiceField(STEPS).describe(
    'The length of a step. `5m` goes back 24 hours, `1h` 8 days. By default `5m`, and `1h` for what is older.',
  ),
}

const MS = z.int().min(0).nullable()
/** Of a partner. */
const FIGURES = {
  registrations: COUNT.nullable().describe('New registrations. Null of a host.'),
  verdicts: z
    .object({
      succeeded: COUNT.describe('With a verdict that the check has succeeded.'),
      failed: COUNT.describe('With a verdict that it has failed.'),
      unresolved: COUNT.describe('Without a verdict.'),
      cancelled: COUNT.describe('By the partner or an operator.'),
    })
    .nullable()
    .describe('Registrations that ended, by their end. Null of a host. One that is erased after its end counts twice.'),
  webhooks: z.object({
    delivered: COUNT.describe(
      'Webhooks answered with 2xx. Once somebody has it sent again, a webhook is not counted here any more.',
    ),
    failedAttempts: COUNT.describe('Failed attempts, whether the webhook arrived later or not.'),
    givenUp: COUNT.describe('Webhooks that were given up, also those that arrived after a resend.'),
    within5s: COUNT.describe('How many of `delivered` were answered within 5 s of their verdict.'),
    p50Ms: MS.describe('Median of the time from the verdict to the 2xx, estimated; null: nothing was delivered.'),
    p95Ms: MS.describe('The same for 95 % of them. An hour also stands for more than an hour.'),
  }),
}
/** Of a host only webhooks are counted. */
export const countedOf = (host: string) => (host === '' ? {} : { registrations: null, verdicts: null })
/** Also of upstream. */
export const OPERATOR_FIGURES = {
  ...FIGURES,
  polls: z
    .object({
      count: COUNT.describe('Calls of GetResult.'),
      failed: COUNT.describe('Calls without a usable answer, or that refused the account.'),
      p50Ms: MS.describe('Median of its answer time, estimated; null: there were no calls.'),
      p95Ms: MS.describe('The same for 95 % of the calls. 10,000 also stands for more.'),
    })
    .nullable()
    .describe('Null of a partner or a host.'),
  due: z
    .object({
      polls: COUNT.describe('Serials that could be polled.'),
      webhooks: COUNT.describe('Webhooks that could be sent.'),
    })
    .nullable()
    .describe('What was due, sampled once a minute: the highest. Null of a partner or a host.'),
}

const historyOf = <Figures extends z.ZodRawShape>(figures: Figures) =>
  z.object({
    since: AT.describe('The beginning of the first step.'),
    until: AT.describe('The end, which is not included.'),
    step: z.enum(STEPS).describe('The length of a step.'),
    data: z
      .array(z.object({ at: AT.describe('The beginning of the step.'), ...figures }))
      .describe('Oldest first; without the steps in which nothing happened.'),
    totals: z.object(figures).describe('Of the whole span.'),
  })
/** Fields of a list of groups. */
export const GROUPED = {
  isCapped: z.boolean().describe('There are more than the 250 that are listed.'),
  since: AT.describe('The beginning of what was counted: later than asked for if that is too much for one call.'),
}

export const HISTORY = historyOf(FIGURES).meta({ id: 'HistoryReport', description: 'What happened, by time.' })
export const OPERATOR_HISTORY = historyOf(OPERATOR_FIGURES)
export const HOST_HISTORY = z
  .object({
    data: z.array(
      z.object({
        host: z.string().describe('The host of the callback URL, with its port if the URL has one.'),
        ...FIGURES,
      }),
    ),
    ...GROUPED,
  })
  .meta({ id: 'HostHistory', description: 'What happened, by host.' })

/** `rows`: of one series. */
type Span = HistorySpan & { step: HistoryStep; rows: number }
const refused = (message: Words) => invalid('query', [{ path: 'since', message }])

/** Reads the span of a history; `since` becomes the beginning of a step. Throws the problem that names a wrong end. */
export const readSpan = (
  { step: wished, ...asked }: Partial<z.output<z.ZodObject<typeof SERIES_QUERY>>>,
  now: number,
): Span => {
  const times = readTimes(asked, { now })
  // The last millisecond of a day is not included.
  const until = Math.min(now, Math.ceil((times.until ?? now) / SECOND) * SECOND)
  const since = times.since ?? until - DEFAULT_SPAN_MS
  const goesBack = (ms: number) => since >= now - ms - TOLERANCE_MS
  const step = wished ?? (goesBack(HISTORY_KEPT_MS['5m']) ? '5m' : '1h')
  if (!goesBack(HISTORY_KEPT_MS[step]))
    throw refused(
      step === '1h'
        ? { en: 'must be at most 8d ago', zh: '不能早于 8d 之前' }
        : { en: 'must be at most 24h ago, or use step=1h', zh: '不能早于 24h 之前，更早请用 step=1h' },
    )
  if (since >= until) throw refused({ en: 'must be before until', zh: '必须早于 until' })
  const stepMs = HISTORY_STEPS[step]
  const begin = since - (since % stepMs)
  return { since: begin, until, step, rows: Math.ceil((until - begin) / stepMs) }
}

/** Returns the history; `viewed` returns the figures of a step, or of all. */
export const viewHistory = <Figures>(
  span: Span,
  buckets: readonly HistoryBucket[],
  viewed: (figures: HistoryFigures) => Figures,
) => ({
  ...span,
  data: buckets.map(bucket => ({ at: bucket.at, ...viewed(historyFigures(bucket)) })),
  totals: viewed(historyFigures(totalsOf(buckets))),
})
