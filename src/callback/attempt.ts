import type { Attempt } from '../store/store.ts'
import type { SendResult } from './sender.ts'

/**
 * An attempt as its partner is told of it. What kept an answer from coming (refused, timed out, not allowed, no such
 * name) is one error with a rounded duration: a partner must not learn from it what our network looks like. The
 * operator's log has the rest.
 */
export const attemptOf = (result: SendResult, at: number): Attempt => {
  if (result.kind === 'answered') {
    const { httpStatus, excerpt, durationMs } = result
    const outcome = httpStatus >= 200 && httpStatus < 300 ? 'delivered' : httpStatus === 410 ? 'gone' : 'rejected'
    return { at, outcome, httpStatus, error: null, durationMs, responseExcerpt: excerpt }
  }
  const told = TOLD[result.error] ?? 'no_response'
  const durationMs =
    told === 'no_response' ? Math.max(1, Math.ceil(result.durationMs / ROUND_MS)) * ROUND_MS : result.durationMs
  return { at, outcome: 'failed', httpStatus: null, error: told, durationMs, responseExcerpt: null }
}

const ROUND_MS = 100

/** Only who was connected to a public address learns more. */
const TOLD: Partial<Record<string, string>> = { tls: 'tls', protocol: 'invalid_response' }
