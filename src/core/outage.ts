import type { Answer, TransientCause } from './answer.ts'
import { SECOND } from './duration.ts'

/** An account's latest calls, as far as they failed in a row without an answer of GetResult. */
export interface SilentRun {
  calls: number
  /** Epoch ms: when the first of them was made. */
  since: number
  /** The serial of the first of them. */
  verificationId: number
  /** Other serials failed too. */
  isMixed: boolean
}

/** Why a call brought no answer of GetResult at all; null where it brought one, whatever that says. */
export const silenceOf = (answer: Answer): TransientCause | null =>
  answer.kind === 'transient' && answer.code === null ? answer.cause : null

/** What is told of it, such as `unreachable: ECONNREFUSED`; null where the call brought an answer. */
export const describeSilence = (answer: Answer): string | null => {
  const cause = silenceOf(answer)
  if (cause === null || answer.kind !== 'transient') return null
  return answer.detail === undefined ? cause : `${cause}: ${answer.detail}`
}

/** The run after one more call; null: it brought an answer. */
export const afterCall = (
  run: SilentRun | null,
  answer: Answer,
  { verificationId, askedAt }: { verificationId: number; askedAt: number },
): SilentRun | null => {
  if (silenceOf(answer) === null) return null
  if (run === null) return { calls: 1, since: askedAt, verificationId, isMixed: false }
  return { ...run, calls: run.calls + 1, isMixed: run.isMixed || run.verificationId !== verificationId }
}

/** Failures in a row that are no outage yet, because one serial, or one dropped connection, may be to blame. */
export const isRepeated = (run: SilentRun | null): boolean => run !== null && run.calls >= 2

/** How many failures in a row, over which time, are an outage. A few, soon; or two that took their time, such as time-outs. */
const DEAD = { calls: 3, ms: 2 * SECOND }
const HANGING = { calls: 2, ms: 10 * SECOND }
/** A server that answers, but not as GetResult, may do so now and then under load. */
const CONFUSED = { calls: 5, ms: 10 * SECOND }

/** Whether GetResult cannot be reached any more, as the run that ends with this failure shows. */
export const isOutage = ({ calls, since, isMixed }: SilentRun, cause: TransientCause, now: number): boolean => {
  const reaches = (limit: { calls: number; ms: number }) => calls >= limit.calls && now - since >= limit.ms
  switch (cause) {
    case 'unreachable':
    case 'timeout':
      return reaches(DEAD) || reaches(HANGING)
    case 'unparseable':
    case 'too_large':
      // It may be the answer about one serial that cannot be read.
      return isMixed && reaches(CONFUSED)
    default:
      return reaches(CONFUSED)
  }
}

const LONGEST_PROBE_MS = 10 * SECOND

/** How long to wait before the next call while GetResult cannot be reached; `random` in [0, 1). */
export const outageProbeDelay = (probes: number, random: number): number =>
  Math.min(LONGEST_PROBE_MS, SECOND * 2 ** Math.min(probes, 10)) * (0.5 + random / 2)
