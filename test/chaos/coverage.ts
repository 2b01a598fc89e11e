import type { Finding, Promises } from './findings.ts'
import { couldRecord, hits, isOk, lengthWithout, overlaps, RECORDED_WITHIN_MS } from './judged.ts'
import type { Seen, Span } from './seen.ts'
import type { Story } from './stories.ts'
import { attemptOf, repeatsOf } from './story-rules.ts'

/** How much of it no trouble excuses, of how much. */
export interface Coverage {
  /** That were answered with a 2xx, and may not come again. */
  webhooks: readonly [judged: number, all: number]
  /** Time in which the API has to answer, and known verdicts have to be sent. */
  ms: readonly [judged: number, all: number]
}

/** How long it is, without troubles of the service and the network, nor the second after each. */
export const calmMs = ({ troubles }: Pick<Seen, 'troubles'>, span: Span): number => {
  const own = troubles.filter(({ of }) => of === 'service' || of === 'network').sort((a, b) => a.from - b.from)
  return lengthWithout(own, RECORDED_WITHIN_MS, span)
}

export const coverageOf = (seen: Seen, promises: Promises): Coverage => {
  const arrived = seen.webhooks.filter(one => isOk(one.status))
  const judged = arrived.filter(one => couldRecord(seen.troubles, attemptOf(one, promises)))
  const from = seen.calls.reduce((first, call) => Math.min(first, call.from), seen.endedAt)
  const span = { from, to: seen.endedAt }
  return { webhooks: [judged.length, arrived.length], ms: [calmMs(seen, span), span.to - span.from] }
}

export const addCoverage = (parts: readonly Coverage[]): Coverage => {
  const add = (name: keyof Coverage, i: 0 | 1) => parts.reduce((sum, one) => sum + one[name][i], 0)
  return { webhooks: [add('webhooks', 0), add('webhooks', 1)], ms: [add('ms', 0), add('ms', 1)] }
}

/** A longer lag is not caused by a busy machine, but by the service. */
const MOST_LAG_MS = 3_000
/** The same promises on a machine that does much else, where all is noted and recorded as late as registrations are answered. */
export const whereBusy = (promises: Promises, { registering, troubles }: Seen): Promises => {
  const took = registering
    .flatMap(({ at, answeredAt: to }) => (to && !troubles.some(one => overlaps(one, at, to)) ? [to - at] : []))
    .sort((a, b) => a - b)
  const lag = Math.min(MOST_LAG_MS, took[Math.floor(took.length * 0.99)] ?? 0)
  const { notedLate, databaseClock, tellWithin, pollEvery } = promises
  const atLeast = (ms: number) => Math.max(ms, lag)
  const clocks = { notedLate: atLeast(notedLate), databaseClock: atLeast(databaseClock) }
  // A serial is polled, recorded, claimed and sent; and some ten others are polled before it.
  return { ...promises, ...clocks, tellWithin: tellWithin + 4 * lag, pollEvery: pollEvery + 10 * lag }
}

/** A trouble may repeat at most as many webhooks as were in flight then. */
export const checkInFlight = (
  stories: readonly Story[],
  { webhooks, troubles }: Seen,
  promises: Promises,
  findings: Finding[],
): void => {
  const repeated = [...new Set(stories.flatMap(story => repeatsOf(story, promises).map(({ ended }) => ended)))]
  // Kills may come within a second of each other: the first that could undo the record is the one that did.
  const inOrder = troubles.toSorted((one, other) => one.from - other.from)
  const undone = Map.groupBy(repeated, one =>
    inOrder.find(trouble => hits(trouble, attemptOf(one), RECORDED_WITHIN_MS)),
  )
  for (const [trouble, again] of undone) {
    if (!trouble) continue
    const inFlight = webhooks.filter(one => hits(trouble, attemptOf(one), promises.notedLate))
    if (again.length > inFlight.length)
      findings.push({
        broken: 'doubled',
        what: `${trouble.name} at ${trouble.from}: ${again.length} come again, with ${inFlight.length} under way`,
      })
  }
}
