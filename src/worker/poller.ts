import { type AccountChange, accountChange } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import { SECOND } from '../core/duration.ts'
import { afterAnswer, type PollPolicy, type VerificationStep } from '../core/verification.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationSettlement } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { createInFlight } from './in-flight.ts'
import { createPace } from './pace.ts'
import type { PollPlan } from './poll-plan.ts'
import { createRecentCalls } from './recent-calls.ts'
import { createRounds, type Round } from './rounds.ts'
import type { Sandbox } from './sandbox.ts'
import { createSettler } from './settler.ts'
import { createUpstreamAlerts } from './upstream-alerts.ts'

export interface Worker {
  ring(): void
  /** Claims no more; resolves when what is in flight has been settled. */
  stop(): Promise<void>
}

export interface PollerDeps {
  store: Pick<Store, 'now' | 'claimVerifications' | 'settleVerifications'>
  upstream: Pick<Upstream, 'ask'>
  /** Answers test serials; null where there are none. */
  sandbox: Sandbox | null
  policy: PollPolicy
  /** When to ask again; null: by the policy's rule. */
  plan: PollPlan | null
  /** Calls in flight for an account. */
  concurrency: number
  timeoutMs: number
  /** In [0, 1). */
  random: () => number
  /** Whether upstream knows a partner's serial. */
  onLookup: (partnerId: string, isNotFound: boolean) => void
  emit: Emit
}

const LOOKUP_POLLS = 3

/** A call may be made twice (a learned clock), and its answer has to be written. */
const leaseFor = (timeoutMs: number) => 2 * timeoutMs + 5 * SECOND

/** Asks upstream about what is due: claim, ask, decide, settle. */
export const createPoller = (deps: PollerDeps): Worker => {
  const { store, upstream, emit, policy, concurrency } = deps
  /** Calls that take a place of their account. */
  const calls = createInFlight()
  /** Accounts with a change that is decided and not written yet. */
  const changing = createInFlight()
  /** Claimed, and what came of it not yet written. */
  const unrecorded = createInFlight()
  const recentCalls = createRecentCalls()
  const alerts = createUpstreamAlerts(emit)
  const settle = createSettler<VerificationSettlement>(settlements => store.settleVerifications(settlements), {
    emit,
    event: 'poll',
  })

  const judge = (account: ClaimedAccount, verification: ClaimedVerification, answer: Answer) => {
    const { othersInvalid, mostlyUnknown } = recentCalls.add(account, verification.id, answer)
    const now = store.now()
    const { invalidIds } = verification
    const change = accountChange(account, answer, { now, othersInvalid, mostlyUnknown, invalidIds })
    if (change?.kind === 'pause') recentCalls.paused(account.id, now)
    const intervalMs = deps.plan?.intervalMs(account.id, now - verification.nudgedAt)
    const moment = { now, random: deps.random(), policy, othersInvalid, intervalMs }
    return { step: afterAnswer(verification, answer, moment), change }
  }

  /** Calls `free` as soon as the answer is there, unless that answer is about the account. */
  const poll = async (account: ClaimedAccount, verification: ClaimedVerification, free: () => void): Promise<void> => {
    const askedAt = store.now()
    const { id, claim } = verification
    const scripted = deps.sandbox?.(verification, askedAt)
    // Upstream was not asked, so this tells nothing about the account.
    if (scripted) return settle({ id, claim, ...scripted, askedAt, observedAt: askedAt, account: null })
    const answer = await upstream.ask(account, verification.idcardid)
    const observedAt = store.now()
    deps.plan?.polled(account, verification, { answer, askedAt })
    const { step, change } = judge(account, verification, answer)
    // A change of the account must be written before the account is asked again.
    if (change) changing.start(account.id)
    else if (account.pausedAt === null) free()
    try {
      tell(account, verification, { answer, step, change })
      const about = change && { id: account.id, change }
      await settle({ id, claim, answer, askedAt, observedAt, step, account: about })
    } finally {
      if (change) changing.end(account.id)
    }
  }

  const tell = (
    account: ClaimedAccount,
    verification: ClaimedVerification,
    { answer, step, change }: { answer: Answer; step: VerificationStep; change: AccountChange | null },
  ) => {
    alerts.after(account.id, answer, change)
    tellLookup(verification, step)
    emit('poll.answered', { verificationId: verification.id, kind: answer.kind, code: answer.code })
  }

  /** Once a serial: upstream shows it, or does not know it even after some polls, when a new one would be visible. */
  const tellLookup = ({ seen, polls, partnerId }: ClaimedVerification, step: VerificationStep) => {
    if (seen) return
    if (step.seen) return deps.onLookup(partnerId, false)
    const isGivenUp = polls + 1 < LOOKUP_POLLS && step.ended.some(end => end.reason === 'not_found')
    if ((polls + 1 === LOOKUP_POLLS && step.failures === 0) || isGivenUp) deps.onLookup(partnerId, true)
  }

  /** Takes a place of the account. What it returns frees that place, and does nothing the second time. */
  const takePlace = (accountId: string) => {
    let isFree = false
    calls.start(accountId)
    return () => {
      if (isFree) return
      isFree = true
      calls.end(accountId)
      rounds.ring()
    }
  }

  const start = async (account: ClaimedAccount, verification: ClaimedVerification): Promise<void> => {
    unrecorded.start(account.id)
    try {
      const free = takePlace(account.id)
      await poll(account, verification, free).finally(free)
    } catch (error) {
      emit('poll.failed', { error, verificationId: verification.id })
    } finally {
      unrecorded.end(account.id)
    }
  }

  /** An account with a change that is not written yet counts as full. */
  const busy = (): ReadonlyMap<string, number> => {
    if (changing.total() === 0) return calls.counts
    const full = [...changing.counts.keys()].map(accountId => [accountId, concurrency] as const)
    return new Map([...calls.counts, ...full])
  }

  const round = async (): Promise<Round> => {
    const leaseMs = leaseFor(deps.timeoutMs)
    const { claims, nextAt } = await store.claimVerifications({ busy: busy(), concurrency, leaseMs })
    let claimed = 0
    for (const { account, verifications } of claims) {
      claimed += verifications.length
      for (const verification of verifications) void start(account, verification)
    }
    return { claimed, nextAt }
  }

  const rounds = createRounds(round, {
    now: store.now,
    pace: createPace(() => performance.now()),
    onError: error => emit('poll.round_failed', { error }),
  })

  return {
    ring: rounds.ring,
    stop: async () => {
      await rounds.stop()
      await unrecorded.whenIdle()
      await deps.plan?.stop()
    },
  }
}
