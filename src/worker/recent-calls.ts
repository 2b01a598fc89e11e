import type { AccountState } from '../core/account.ts'
import { mostlyUnknown, othersInvalid, type RecentCall, withCall } from '../core/account-health.ts'
import type { Answer } from '../core/answer.ts'

type Asked = Pick<AccountState, 'pauseReason' | 'rampAt'> & { id: string }

/**
 * What this node has lately heard about each account, to tell a bad serial from a fault of the whole account. It is kept
 * over a pause, since calls that were under way then must be judged like the one that caused it, and forgotten once the
 * account has been resumed.
 */
export const createRecentCalls = () => {
  const windows = new Map<string, readonly RecentCall[]>()
  const pausedAt = new Map<string, number>()

  const windowOf = ({ id, rampAt }: Asked): readonly RecentCall[] => {
    const since = pausedAt.get(id)
    const isResumed = since !== undefined && rampAt !== null && rampAt >= since
    if (!isResumed) return windows.get(id) ?? []
    pausedAt.delete(id)
    return []
  }

  return {
    /** Adds an answer to a call that was made when the account was like this, and says what the window now tells. */
    add: (account: Asked, verificationId: number, answer: Answer) => {
      const calls = withCall(windowOf(account), verificationId, answer)
      windows.set(account.id, calls)
      return {
        // The pause itself says so too: this node may have heard nothing of what caused it.
        othersInvalid: account.pauseReason === 'serial_not_received' || othersInvalid(calls, verificationId),
        mostlyUnknown: mostlyUnknown(calls),
      }
    },
    paused: (accountId: string, now: number): void => {
      pausedAt.set(accountId, now)
    },
  }
}
