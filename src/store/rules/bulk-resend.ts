import type { NewBulkResend } from '../store.ts'

/** So many exhausted messages are looked at together, so that a span that matches few of them holds up nobody. */
export const RESEND_WINDOW = 1_000

/** An exhausted message that a bulk resend looks at. */
export interface ResendCandidate {
  registrationId: string
  createdAt: number
  /** Its registration was cancelled: it says nothing any more. */
  isErased: boolean
}

export const isResendable = (
  { since, until }: Pick<NewBulkResend, 'since' | 'until'>,
  { createdAt, isErased }: ResendCandidate,
): boolean => !isErased && createdAt >= since && createdAt <= until

/** Where a bulk resend stands. */
interface Progress {
  /** The registration whose message it has come to. */
  cursor: string
  /** Messages that it has looked at. The resend that has looked at the fewest goes first, so none waits for another's end. */
  looked: number
  resent: number
  done: boolean
}

/**
 * What a bulk resend takes of a window of exhausted messages, at most `limit`, and how far it has come then.
 *
 * @param window the first `RESEND_WINDOW` behind its cursor, in the order of their registrations; fewer: there are no more
 */
export const takeForResend = <Candidate extends ResendCandidate>(
  resend: Pick<NewBulkResend, 'since' | 'until'> & Progress,
  window: readonly Candidate[],
  limit: number,
): { batch: Candidate[]; progress: Progress } => {
  const matching = window.filter(candidate => isResendable(resend, candidate))
  const batch = matching.slice(0, limit)
  const isCut = matching.length > limit
  const end = isCut ? window.indexOf(batch.at(-1) as Candidate) + 1 : window.length
  return {
    batch,
    progress: {
      cursor: window[end - 1]?.registrationId ?? resend.cursor,
      looked: resend.looked + end,
      resent: resend.resent + batch.length,
      done: !isCut && window.length < RESEND_WINDOW,
    },
  }
}
