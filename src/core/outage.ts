import type { AccountState } from './account.ts'
import { type Answer, checkStateOf, type TransientCause } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'

/** An account's latest calls, as far as they failed in a row without an answer of GetResult. */
export interface SilentRun {
  calls: number
  /** Of the last of them. */
  cause: TransientCause
  /** Epoch ms: when the first of them was made. */
  since: number
  /** The serials that they were about; of more than `FEW`, one more. */
  serials: ReadonlySet<number>
}

/** So many serials may be to blame for their failures, and not GetResult. In an outage more fail within two time-outs, where they are due. */
const FEW = 5

/** Why a call brought no answer of GetResult at all; null where it brought one, whatever that says. */
export const silenceOf = (answer: Answer): TransientCause | null =>
  answer.kind === 'transient' && answer.code === null ? answer.cause : null

/** The run after one more call; null: it brought an answer. */
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
    serials: serials.size > FEW ? serials : new Set([...serials, verificationId]),
  }
}

/** Failures in a row that are no outage yet, because one serial, or one dropped connection, may be to blame. */
const isRepeated = (run: SilentRun | null): boolean => run !== null && run.calls >= 2

/** The serial that GetResult answered about last, and the last other one, newest first. Times are epoch ms. */
export type LastAnswered = readonly { verificationId: number; at: number }[]

export const withAnswered = (last: LastAnswered, verificationId: number, at: number): LastAnswered => [
  { verificationId, at },
  ...last.filter(one => one.verificationId !== verificationId).slice(0, 1),
]

/** A few serials that fail alone are taken to be to blame until no other one has been answered about for so long. */
const LONE_MS = 2 * MINUTE

/** How many failures in a row, over which time, are an outage. A few, soon; or, where they are time-outs, two over a longer time. */
const DEAD = { calls: 3, ms: 2 * SECOND }
const HANGING = { calls: 2, ms: 10 * SECOND }
/** A server that answers, but not as GetResult, may do so now and then under load. */
const CONFUSED = { calls: 5, ms: 10 * SECOND }

/** Whether GetResult cannot be reached any more, as the run that ends with this failure shows. */
export const isOutage = ({ calls, cause, since, serials }: SilentRun, answered: LastAnswered, now: number): boolean => {
  const ms = now - since
  const reaches = (limit: { calls: number; ms: number }) => calls >= limit.calls && ms >= limit.ms
  if (cause === 'unreachable') return reaches(DEAD) || reaches(HANGING)
  // What says that GetResult cannot be reached is no matter of serials; all else may be.
  const othersAnswered = answered.some(one => !serials.has(one.verificationId) && now - one.at < LONE_MS)
  if (serials.size <= FEW && othersAnswered) return false
  if (cause === 'timeout') return reaches(HANGING)
  // It may be the answer about one serial that cannot be read, also where no other one is asked about.
  const mayBeOne = (cause === 'unparseable' || cause === 'too_large') && serials.size === 1 && ms < LONE_MS
  return !mayBeOne && reaches(CONFUSED)
}

const LONGEST_PROBE_MS = 10 * SECOND

/** How long to wait before the next call while GetResult cannot be reached; `random` in [0, 1). */
export const outageProbeDelay = (probes: number, random: number): number =>
  Math.min(LONGEST_PROBE_MS, SECOND * 2 ** Math.min(probes, 10)) * (0.5 + random / 2)

/** One of an account's latest calls. */
export interface RecentCall {
  verificationId: number
  answer: Answer
}

const WINDOW = 20
const ENOUGH = 10
const MOSTLY = 0.9

export const withCall = (recent: readonly RecentCall[], call: RecentCall): RecentCall[] => [
  ...recent.slice(1 - WINDOW),
  call,
]

/** Two serials that are asked about twice, and one of them once more. */
const ENOUGH_INVALID = 5

/**
 * Nearly all of the account's latest calls are answered 4060, and other serials too: our parameter does not arrive, whatever the serial.
 * Some bad serials among good ones are no fault of the account, also where they are asked about back to back.
 */
export const othersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean => {
  const invalid = recent.filter(({ answer }) => answer.kind === 'invalid_id')
  return (
    recent.length >= ENOUGH_INVALID &&
    invalid.length >= MOSTLY * recent.length &&
    invalid.some(call => call.verificationId !== verificationId)
  )
}

/** The last call about another serial that said something was answered 4060 too: it may be the account, or two bad serials in a row. */
export const maybeOthersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean =>
  recent.findLast(
    call =>
      call.verificationId !== verificationId &&
      (call.answer.kind === 'invalid_id' || checkStateOf(call.answer) !== null),
  )?.answer.kind === 'invalid_id'

/** Nearly all of the account's latest calls got a code that is in no table. */
export const mostlyUnknown = (recent: readonly RecentCall[]): boolean => {
  const unknown = recent.filter(({ answer }) => answer.kind === 'transient' && answer.cause === 'unknown_code')
  return recent.length >= ENOUGH && unknown.length >= MOSTLY * recent.length
}

type Asked = Pick<AccountState, 'pauseReason' | 'rampAt' | 'unreachableAt'> & { id: string }

/** A call whose answer is there. Times are epoch ms. */
interface Call extends RecentCall {
  askedAt: number
  now: number
}

/** What is kept of an account. */
interface Recent {
  calls: readonly RecentCall[]
  pausedAt: number | null
  run: SilentRun | null
  answered: LastAnswered
  /** Since when its upstream cannot be reached; null: it can. */
  outageSince: number | null
}
const NOTHING: Recent = { calls: [], pausedAt: null, run: null, answered: [], outageSince: null }

/**
 * The latest answers about each account on this node. They tell a bad serial from a fault of the whole account, and one dropped
 * connection from an outage. A pause keeps them, so that calls in flight are judged like the one that caused it; the account's
 * resumption clears them.
 */
export const createRecentCalls = () => {
  const accounts = new Map<string, Recent>()
  const recentOf = (accountId: string): Recent => accounts.get(accountId) ?? NOTHING

  return {
    /** @param account as it was when the call was made */
    add: ({ id, pauseReason, rampAt, unreachableAt }: Asked, call: Call) => {
      const { verificationId, answer, now } = call
      const before = recentOf(id)
      const isResumed = before.pausedAt !== null && rampAt !== null && rampAt >= before.pausedAt
      const calls = withCall(isResumed ? [] : before.calls, { verificationId, answer })
      const run = afterCall(before.run, answer, call)
      /** Since when there is an outage, or was one up to this call. */
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
        // The pause says so too: another node may have received the answers that caused it.
        othersInvalid: pauseReason === 'serial_not_received' || othersInvalid(calls, verificationId),
        maybeOthersInvalid: maybeOthersInvalid(calls, verificationId),
        mostlyUnknown: mostlyUnknown(calls),
        othersFail: isRepeated(run),
      }
    },
    /** A serial has ended as malformed: what was said of it says nothing of the account. */
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
