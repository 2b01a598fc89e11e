import { MINUTE } from './duration.ts'
import { isAnsweredForOthers, MOST_IN_RUN, type SilenceMoment, type SilentRun } from './outage.ts'

/**
 * Serials of an account that have failed and then another one was answered about: since when that is known, in epoch ms, the latest
 * last. Until they are answered about themselves, they are to blame for their failures, and not GetResult.
 */
export type LoneFailures = ReadonlyMap<number, number>

/** So many of an account are known, the latest. */
const MOST_KNOWN = 1_000

/** After an answer about a serial at `now`, which ended this run. */
export const withAnswer = (
  known: LoneFailures,
  run: SilentRun | null,
  { verificationId, now }: { verificationId: number; now: number },
): LoneFailures => {
  // Where so many have failed in a row, GetResult is to blame.
  const failed = run === null || run.failed.size > MOST_IN_RUN ? [] : [...run.failed]
  if (failed.length === 0 && !known.has(verificationId)) return known
  const all = new Map(known)
  for (const id of failed) if (!all.has(id)) all.set(id, now)
  all.delete(verificationId)
  return new Map([...all].slice(-MOST_KNOWN))
}

/** Since when the serial is known to fail alone, where its failure is no matter of GetResult; null: it may be one. */
export const failsAloneSince = (known: LoneFailures, verificationId: number, moment: SilenceMoment): number | null => {
  const since = known.get(verificationId)
  return since !== undefined && isAnsweredForOthers(verificationId, moment) ? since : null
}

const LASTING_MS = 2 * MINUTE

/** Whether it has failed alone for so long that operators should know. */
export const isLasting = (since: number, now: number): boolean => now - since >= LASTING_MS
