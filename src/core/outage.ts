import type { AccountState } from './account.ts'
import { type Answer, checkStateOf, type TransientCause } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'

/** An account's latest calls, as far as they failed in a row without an answer of GetResult. */
export interface SilentRun {
  calls: number
  /** Cause of the last call. */
  cause: TransientCause
  /** Time of the first call, epoch ms. */
  since: number
  /** Serials of these calls, at most `MAX_SUSPECT_SERIALS` + 1. */
  serials: ReadonlySet<number>
}

/** Maximum number of serials that may be at fault themselves. In an outage more fail within two timeouts, if due. */
const MAX_SUSPECT_SERIALS = 5

/** Returns why a call brought no answer of GetResult, or null if it brought any. */
export const silenceOf = (answer: Answer): TransientCause | null =>
  answer.kind === 'transient' && answer.code === null ? answer.cause : null

/** Returns the run after one more call, or null if that brought an answer. */
export const afterCall = (
  run: SilentRun | null,
  answer: Answer,
  { verificationId, askedAt }: { verificationId: number; askedAt: number },
): SilentRun | null => {
  const cause = silenceOf(answer)
  if (cause === null) return null
  const { calls, since, serials } = run ?? { calls: 0, since: askedAt, serials: new Set<number>() }
  return {
    calls: calls + 1,
    cause,
    since,
    serials: serials.size > MAX_SUSPECT_SERIALS ? serials : new Set([...serials, verificationId]),
  }
}

/** Whether calls failed repeatedly. That is no outage yet: one serial, or one dropped connection, may be the cause. */
const isRepeated = (run: SilentRun | null): boolean => run !== null && run.calls >= 2

/** The serial answered last and the last other one, newest first. Times are epoch ms. */
export type LastAnswered = readonly { verificationId: number; at: number }[]

export const withAnswered = (last: LastAnswered, verificationId: number, at: number): LastAnswered => [
  { verificationId, at },
  ...last.filter(one => one.verificationId !== verificationId).slice(0, 1),
]

/** A few serials that fail alone count as at fault until no other serial has been answered for this long. */
const SUSPECT_MS = 2 * MINUTE

/** Failures in a row, and their time span, that are an outage: a few soon, or two over longer, such as timeouts. */
const DEAD = { calls: 3, ms: 2 * SECOND }
const HANGING = { calls: 2, ms: 10 * SECOND }
/** A server that responds, but not as GetResult, may do so now and then under load. */
const CONFUSED = { calls: 5, ms: 3 * SECOND }

/** Whether GetResult cannot be reached any more, judged by the run that ends with this failure. */
export const isOutage = ({ calls, cause, since, serials }: SilentRun, answered: LastAnswered, now: number): boolean => {
  const ms = now - since
  const reaches = (limit: { calls: number; ms: number }) => calls >= limit.calls && ms >= limit.ms
  if (cause === 'unreachable') return reaches(DEAD) || reaches(HANGING)
  // `unreachable` cannot depend on the serial; any other cause may.
  const othersAnswered = answered.some(one => !serials.has(one.verificationId) && now - one.at < SUSPECT_MS)
  if (serials.size <= MAX_SUSPECT_SERIALS && othersAnswered) return false
  if (cause === 'timeout') return reaches(HANGING)
  // The response may be unreadable for one serial only, even if no other serial is polled.
  const mayBeOne = (cause === 'unparseable' || cause === 'too_large') && serials.size === 1 && ms < SUSPECT_MS
  return !mayBeOne && reaches(CONFUSED)
}

const MAX_PROBE_MS = 10 * SECOND

/** Delay in ms before the next call while GetResult cannot be reached; `random` in [0, 1). */
export const outageProbeDelay = (probes: number, random: number): number =>
  Math.min(MAX_PROBE_MS, SECOND * 2 ** Math.min(probes, 10)) * (0.5 + random / 2)

/** One of an account's latest calls. */
export interface RecentCall {
  verificationId: number
  answer: Answer
}

const WINDOW = 20
const MIN_CALLS = 10
const NEARLY_ALL = 0.9

export const withCall = (recent: readonly RecentCall[], call: RecentCall): RecentCall[] => [
  ...recent.slice(1 - WINDOW),
  call,
]

/** Two serials polled twice, and one of them once more. */
const MIN_INVALID = 5

/**
 * Whether nearly all of the account's latest calls were answered 4060, and for other serials too: then our parameter
 * does not arrive. A few bad serials among good ones are no fault of the account, even if polled back to back.
 */
export const othersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean => {
  const invalid = recent.filter(({ answer }) => answer.kind === 'invalid_id')
  return (
    recent.length >= MIN_INVALID &&
    invalid.length >= NEARLY_ALL * recent.length &&
    invalid.some(call => call.verificationId !== verificationId)
  )
}

/** Whether the last conclusive answer about another serial was 4060 too: a fault of the account, or two bad serials. */
export const maybeOthersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean =>
  recent.findLast(
    call =>
      call.verificationId !== verificationId &&
      (call.answer.kind === 'invalid_id' || checkStateOf(call.answer) !== null),
  )?.answer.kind === 'invalid_id'

/** Whether nearly all of the account's latest calls returned a code that is in no table. */
export const mostlyUnknown = (recent: readonly RecentCall[]): boolean => {
  const unknown = recent.filter(({ answer }) => answer.kind === 'transient' && answer.cause === 'unknown_code')
  return recent.length >= MIN_CALLS && unknown.length >= NEARLY_ALL * recent.length
}

type PolledAccount = Pick<AccountState, 'pauseReason' | 'rampAt' | 'unreachableAt'> & { id: string }

/** A call that has been answered. Times are epoch ms. */
interface AccountCall extends RecentCall {
  askedAt: number
  now: number
}

/** State kept per account. */
interface Recent {
  calls: readonly RecentCall[]
  pausedAt: number | null
  run: SilentRun | null
  answered: LastAnswered
  /** Start of the outage, or null while upstream can be reached. */
  outageSince: number | null
}
const NOTHING: Recent = { calls: [], pausedAt: null, run: null, answered: [], outageSince: null }

/**
 * The latest answers about each account on this node. They distinguish a bad serial from a fault of the whole account,
 * and a dropped connection from an outage. A pause keeps them, so that calls in flight are judged like the one that
 * caused it; the account's resumption clears them.
 */
export const createRecentCalls = () => {
  const accounts = new Map<string, Recent>()
  const recentOf = (accountId: string): Recent => accounts.get(accountId) ?? NOTHING

  return {
    /** @param account as it was when the call was made */
    add: ({ id, pauseReason, rampAt, unreachableAt }: PolledAccount, call: AccountCall) => {
      const { verificationId, answer, now } = call
      const before = recentOf(id)
      const isResumed = before.pausedAt !== null && rampAt !== null && rampAt >= before.pausedAt
      const calls = withCall(isResumed ? [] : before.calls, { verificationId, answer })
      const run = afterCall(before.run, answer, call)
      /** Start of the outage that lasts, or that ends with this call. */
      const outageSince =
        before.outageSince ?? unreachableAt ?? (run !== null && isOutage(run, before.answered, now) ? run.since : null)
      accounts.set(id, {
        calls,
        pausedAt: isResumed ? null : before.pausedAt,
        run,
        answered: run === null ? withAnswered(before.answered, verificationId, now) : before.answered,
        outageSince: run === null ? null : outageSince,
      })
      return {
        outageSince,
        // A stored pause counts too: another node may have received the answers that caused it.
        othersInvalid: pauseReason === 'serial_not_received' || othersInvalid(calls, verificationId),
        maybeOthersInvalid: maybeOthersInvalid(calls, verificationId),
        mostlyUnknown: mostlyUnknown(calls),
        othersFail: isRepeated(run),
      }
    },
    /** A serial ended as malformed: drops its calls, which say nothing about the account, if others remain that do. */
    ended: (accountId: string, verificationId: number): void => {
      const recent = recentOf(accountId)
      const others = recent.calls.filter(call => call.verificationId !== verificationId)
      const calls = others.some(({ answer }) => checkStateOf(answer) !== null) ? others : recent.calls
      accounts.set(accountId, { ...recent, calls })
    },
    paused: (accountId: string, now: number): void => {
      accounts.set(accountId, { ...recentOf(accountId), pausedAt: now })
    },
  }
}
