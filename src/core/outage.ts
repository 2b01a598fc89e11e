import type { Answer, TransientCause } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'

/** An account's latest calls, as far as they failed in a row without an answer of GetResult. */
export interface SilentRun {
  calls: number
  /** Epoch ms: when the first of them was made. */
  since: number
  /** The serial that they were about; null: there were several. */
  verificationId: number | null
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
  if (run === null) return { calls: 1, since: askedAt, verificationId }
  const isSame = run.verificationId === verificationId
  return { calls: run.calls + 1, since: run.since, verificationId: isSame ? verificationId : null }
}

/** Failures in a row that are no outage yet, because one serial, or one dropped connection, may be to blame. */
export const isRepeated = (run: SilentRun | null): boolean => run !== null && run.calls >= 2

/** The serial that GetResult answered about last, and the last other one, newest first. Times are epoch ms. */
export type LastAnswered = readonly { verificationId: number; at: number }[]

export const withAnswered = (last: LastAnswered, verificationId: number, at: number): LastAnswered => [
  { verificationId, at },
  ...last.filter(one => one.verificationId !== verificationId).slice(0, 1),
]

/** What else decides what failures in a row mean. */
export interface SilenceMoment {
  cause: TransientCause
  answered: LastAnswered
  now: number
}

/** A serial that fails alone is taken to be to blame until no other one has been answered about for so long. */
const LONE_MS = 2 * MINUTE

/** Whether one serial alone may be to blame, because others were answered about. Whether GetResult can be reached is no matter of serials. */
const mayBeSerial = ({ verificationId }: SilentRun, { cause, answered, now }: SilenceMoment): boolean =>
  verificationId !== null &&
  cause !== 'unreachable' &&
  answered.some(one => one.verificationId !== verificationId && now - one.at < LONE_MS)

/** How many failures in a row, over which time, are an outage. A few, soon; or, where a few serials may hang, two over a longer time. */
const DEAD = { calls: 3, ms: 2 * SECOND }
const HANGING = { calls: 2, ms: 10 * SECOND }
/** A server that answers, but not as GetResult, may do so now and then under load. */
const CONFUSED = { calls: 5, ms: 10 * SECOND }

/** Whether GetResult cannot be reached any more, as the run that ends with this failure shows. */
export const isOutage = (run: SilentRun, moment: SilenceMoment): boolean => {
  const { calls, since, verificationId } = run
  const ms = moment.now - since
  const reaches = (limit: { calls: number; ms: number }) => calls >= limit.calls && ms >= limit.ms
  if (mayBeSerial(run, moment)) return false
  switch (moment.cause) {
    case 'unreachable':
      return reaches(DEAD) || reaches(HANGING)
    case 'timeout':
      return reaches(HANGING)
    case 'unparseable':
    case 'too_large':
      // It may be the answer about one serial that cannot be read, also where no other one is asked about.
      return (verificationId === null || ms >= LONE_MS) && reaches(CONFUSED)
    default:
      return reaches(CONFUSED)
  }
}

const LONGEST_PROBE_MS = 10 * SECOND

/** How long to wait before the next call while GetResult cannot be reached; `random` in [0, 1). */
export const outageProbeDelay = (probes: number, random: number): number =>
  Math.min(LONGEST_PROBE_MS, SECOND * 2 ** Math.min(probes, 10)) * (0.5 + random / 2)
