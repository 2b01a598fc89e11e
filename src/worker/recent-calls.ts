import type { AccountState } from '../core/account.ts'
import { mostlyUnknown, othersInvalid, type RecentCall, withCall } from '../core/account-health.ts'
import type { Answer } from '../core/answer.ts'

type Asked = Pick<AccountState, 'pauseReason' | 'rampAt'> & { id: string }

/**
 * The latest answers about each account on this node. They tell a bad serial from a fault of the whole account. A pause
 * keeps them, so that calls in flight are judged like the one that caused it; the account's resumption clears them.
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
    /** @param account as it was when the call was made */
    add: (account: Asked, verificationId: number, answer: Answer) => {
      const calls = withCall(windowOf(account), verificationId, answer)
      windows.set(account.id, calls)
      return {
        // The pause says so too: another node may have received the answers that caused it.
        othersInvalid: account.pauseReason === 'serial_not_received' || othersInvalid(calls, verificationId),
        mostlyUnknown: mostlyUnknown(calls),
      }
    },
    paused: (accountId: string, now: number): void => {
      pausedAt.set(accountId, now)
    },
  }
}
