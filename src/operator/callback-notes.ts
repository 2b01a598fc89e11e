import type { OperatorNote } from '../core/operator-event.ts'
import { hostOf } from '../store/rules/lane.ts'
import type { TurnedCallback } from '../store/store.ts'

/** What begins with it for operators, of all URLs of the host together; null: nothing. An end is looked for: another URL may be as bad. */
export const noteOfTurn = (
  { partnerId, callbackUrl, turn, failingSince: since, lastError: error }: TurnedCallback,
  { at, retentionMs }: { at: number; retentionMs: number },
): OperatorNote | null => {
  const host = hostOf(callbackUrl)
  const subject = `${partnerId} ${host}`
  const details = { partnerId, host, since, error }
  switch (turn) {
    case 'failing':
      return { condition: 'callback.failing', subject, at, adds: 1, details }
    case 'disabled':
      return {
        condition: 'callback.disabled',
        subject,
        at,
        adds: 1,
        // The first that failed had its result then, or before.
        details: { ...details, erasedFrom: since + retentionMs },
      }
    default:
      return null
  }
}
