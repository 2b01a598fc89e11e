import { MINUTE, SECOND } from '../core/duration.ts'
import type { ChannelHealth, OperatorProblem } from '../core/operator-channel.ts'
import { LONGEST_WAIT_MS } from '../core/operator-event.ts'
import type { Answer } from './dialect.ts'

/** In a row: then a channel that refuses lastingly is off, and `status` says of any other that it takes nothing. */
export const MOST_FAILURES = 3
/** How often a channel that is off gets one message, until it takes one. */
const OFF_MS = LONGEST_WAIT_MS
const RETRIES_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 15 * MINUTE]
const JITTER = 0.2
/** A channel that asks for more time gets no more: it may be a mistake. */
const LONGEST_PAUSE_MS = 15 * MINUTE

/** Everybody's robots send on the full and half hour, and the makers refuse then. */
const BUSY_EVERY_MS = 30 * MINUTE
const BUSY_BEFORE_MS = 5 * SECOND
const BUSY_MS = 35 * SECOND
const SPREAD_MS = 20 * SECOND

/** How long to wait until robots have time, in ms; 0: they have. `random` is in [0, 1). */
export const fullHourWait = (now: number, random: number): number => {
  const sinceBusy = (now + BUSY_BEFORE_MS) % BUSY_EVERY_MS
  return sinceBusy < BUSY_MS ? BUSY_MS - sinceBusy + random * SPREAD_MS : 0
}

/** Whether the channel holds something against us that lasts, rather than against one text. */
const lastingProblem = (answer: Answer): OperatorProblem | null =>
  answer.kind === 'refused' && answer.problem !== 'content' ? answer.problem : null

/** How a channel fares after one more failure, and when to try again. `random` is in [0, 1). */
export const afterFailure = (
  before: ChannelHealth | null,
  answer: Exclude<Answer, { kind: 'told' }>,
  { at, random }: { at: number; random: number },
): { health: ChannelHealth; retryAt: number } => {
  const lasting = lastingProblem(answer)
  const failures = (before?.failures ?? 0) + 1
  const refusals = lasting === null ? 0 : (before?.refusals ?? 0) + 1
  const problem = refusals >= MOST_FAILURES ? lasting : null
  const health = { since: before?.since ?? at, failures, refusals, problem, error: answer.code }
  if (problem !== null) return { health, retryAt: at + OFF_MS }
  const retryMs = RETRIES_MS[Math.min(failures, RETRIES_MS.length) - 1] ?? 0
  const askedMs = answer.kind === 'later' ? Math.min(answer.waitMs ?? 0, LONGEST_PAUSE_MS) : 0
  return { health, retryAt: at + Math.max(askedMs, Math.round(retryMs * (1 + JITTER * (2 * random - 1)))) }
}
