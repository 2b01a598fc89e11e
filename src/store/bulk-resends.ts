import type { BulkResend, NewBulkResend } from './registration.ts'
import { isResendable, RESEND_WINDOW, type ResendCandidate } from './rules/bulk-resend.ts'
import { turn } from './turn.ts'

export const toBulkResend = ({ id, since, until, count, resent, done }: BulkResend): BulkResend => ({
  id,
  since,
  until,
  count,
  resent,
  done,
})

/**
 * How many exhausted messages of a partner a bulk resend means now. A window at a time, and others have their turn in between.
 *
 * @param window reads the first `RESEND_WINDOW` behind the message of a registration
 */
export const countResendable = async (
  window: (cursor: string) => Promise<readonly ResendCandidate[]>,
  span: Pick<NewBulkResend, 'since' | 'until'>,
): Promise<number> => {
  let matching = 0
  let cursor = ''
  while (true) {
    const candidates = await window(cursor)
    matching += candidates.filter(candidate => isResendable(span, candidate)).length
    if (candidates.length < RESEND_WINDOW) return matching
    cursor = candidates.at(-1)?.registrationId ?? cursor
    await turn()
  }
}
