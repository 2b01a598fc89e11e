import type { AccountState } from './account.ts'
import type { Answer } from './answer.ts'
import {
  afterCall,
  isOutage,
  isRepeated,
  type LastAnswered,
  type SilentRun,
  silenceOf,
  withAnswered,
} from './outage.ts'

/** One of an account's latest calls. */
export interface RecentCall {
  verificationId: number
  kind: Answer['kind']
  unknownCode: boolean
}

const WINDOW = 20
const ENOUGH = 10
const MOSTLY = 0.9

export const withCall = (recent: readonly RecentCall[], verificationId: number, answer: Answer): RecentCall[] => [
  ...recent.slice(1 - WINDOW),
  {
    verificationId,
    kind: answer.kind,
    unknownCode: answer.kind === 'transient' && answer.cause === 'unknown_code',
  },
]

/** Two serials that are asked about twice, and one of them once more. */
const ENOUGH_INVALID = 5

/**
 * Nearly all of the account's latest calls are answered 4060, and other serials too: our parameter does not arrive, whatever the serial.
 * Some bad serials among good ones are no fault of the account, also where they are asked about back to back.
 */
export const othersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean => {
  const invalid = recent.filter(call => call.kind === 'invalid_id')
  return (
    recent.length >= ENOUGH_INVALID &&
    invalid.length >= MOSTLY * recent.length &&
    invalid.some(call => call.verificationId !== verificationId)
  )
}

const ABOUT_SERIAL = new Set<Answer['kind']>(['verdict', 'waiting', 'unknown_status', 'not_found'])

/** The last call about another serial that said something was answered 4060 too: it may be the account, or two bad serials in a row. */
export const maybeOthersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean =>
  recent.findLast(
    call => call.verificationId !== verificationId && (call.kind === 'invalid_id' || ABOUT_SERIAL.has(call.kind)),
  )?.kind === 'invalid_id'

/** Nearly all of the account's latest calls got a code that is in no table. */
export const mostlyUnknown = (recent: readonly RecentCall[]): boolean =>
  recent.length >= ENOUGH && recent.filter(call => call.unknownCode).length >= MOSTLY * recent.length

type Asked = Pick<AccountState, 'pauseReason' | 'rampAt' | 'unreachableAt'> & { id: string }

/** A call whose answer is there. Times are epoch ms. */
interface Call {
  verificationId: number
  answer: Answer
  askedAt: number
  now: number
}

/**
 * The latest answers about each account on this node. They tell a bad serial from a fault of the whole account, and one dropped
 * connection from an outage. A pause keeps them, so that calls in flight are judged like the one that caused it; the account's
 * resumption clears them.
 */
export const createRecentCalls = () => {
  const windows = new Map<string, readonly RecentCall[]>()
  const pausedAt = new Map<string, number>()
  const runs = new Map<string, SilentRun>()
  const lastAnswered = new Map<string, LastAnswered>()
  /** Accounts whose upstream could not be reached, and since when. */
  const outages = new Map<string, number>()

  const windowOf = ({ id, rampAt }: Asked): readonly RecentCall[] => {
    const since = pausedAt.get(id)
    const isResumed = since !== undefined && rampAt !== null && rampAt >= since
    if (!isResumed) return windows.get(id) ?? []
    pausedAt.delete(id)
    return []
  }

  /** Since when there is an outage, or was one up to this call; null: there is none. */
  const outageSince = ({ id, unreachableAt }: Asked, call: Call): number | null => {
    const { verificationId, now } = call
    const cause = silenceOf(call.answer)
    const known = outages.get(id) ?? unreachableAt
    const answered = lastAnswered.get(id) ?? []
    if (cause === null) {
      runs.delete(id)
      outages.delete(id)
      lastAnswered.set(id, withAnswered(answered, verificationId, now))
      return known
    }
    const run = afterCall(runs.get(id) ?? null, call.answer, call)
    if (run !== null) runs.set(id, run)
    const since = known ?? (run !== null && isOutage(run, { cause, answered, now }) ? run.since : null)
    if (since !== null) outages.set(id, since)
    return since
  }

  return {
    /** @param account as it was when the call was made */
    add: (account: Asked, call: Call) => {
      const calls = withCall(windowOf(account), call.verificationId, call.answer)
      windows.set(account.id, calls)
      return {
        outageSince: outageSince(account, call),
        // The pause says so too: another node may have received the answers that caused it.
        othersInvalid: account.pauseReason === 'serial_not_received' || othersInvalid(calls, call.verificationId),
        maybeOthersInvalid: maybeOthersInvalid(calls, call.verificationId),
        mostlyUnknown: mostlyUnknown(calls),
        othersFail: isRepeated(runs.get(account.id) ?? null),
      }
    },
    paused: (accountId: string, now: number): void => {
      pausedAt.set(accountId, now)
    },
  }
}
