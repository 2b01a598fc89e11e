import { accountChange, isProbed } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import { createAnswerTimes, type NodeAnswers } from '../core/answer-times.ts'
import type { Clock } from '../core/clock.ts'
import { createInFlight } from '../core/keyed-limiter.ts'
import { createRecentCalls, silenceOf } from '../core/outage.ts'
import { TEST_ACCOUNT_ID } from '../core/test-serial.ts'
import { afterAnswer, lookupOf, type PollPolicy } from '../core/verification.ts'
import type { ClaimedAccount } from '../store/accounts/rows.ts'
import type { Store } from '../store/store.ts'
import type { ClaimedVerification, VerificationSettlement } from '../store/verifications/verification.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { PollPlan } from './poll-plan.ts'
import { createOutcomeReport, createUpstreamAlerts } from './poll-report.ts'
import { createPollSlots } from './poll-slots.ts'
import type { Round } from './rounds.ts'
import { answerTestSerial } from './sandbox.ts'
import { createSettler, leaseFor } from './settler.ts'

export interface PollerDeps {
  store: Pick<Store, 'now' | 'claimVerifications' | 'settleVerifications'>
  upstream: { ask(account: ClaimedAccount, verification: ClaimedVerification): Promise<Answer> }
  policy: PollPolicy
  /** Decides when to poll again. */
  plan: Pick<PollPlan, 'intervalMs' | 'polled'>
  /** Maximum calls in flight per account. */
  concurrency: number
  /** Time limit of one call. */
  timeoutMs: number
  /** In [0, 1). */
  random: () => number
  clock: Pick<Clock, 'sleep' | 'monotonic'>
  /** Called once per serial, when it is known whether GetResult knows it. */
  onLookup: (partnerId: string, isNotFound: boolean) => void
  /** Called when an account has a free slot again, so that a round may claim more. */
  onFree: () => void
  /** Called with the time at which a serial is due again, once the answer is recorded. */
  onDue: (at: number) => void
  emit: Emit
}

interface Answered {
  partnerId: string
  settlement: VerificationSettlement
}

/** Maximum calls per poll: the second one uses upstream's clock, after upstream has refused the password. */
export const CALLS_OF_A_POLL = 2

/** Polls due verifications: claim, ask, decide, settle. */
export const createPoller = (deps: PollerDeps) => {
  const { store, upstream, emit, policy, concurrency } = deps
  const startedAt = store.now()
  const slots = createPollSlots(deps)
  /** Claimed verifications that are not recorded yet. */
  const unrecorded = createInFlight<null>()
  const recentCalls = createRecentCalls()
  const answerTimes = createAnswerTimes(concurrency)
  const alert = createUpstreamAlerts(emit)
  const reportOutcome = createOutcomeReport(emit)
  const settle = createSettler(
    (answered: readonly Answered[]) => store.settleVerifications(answered.map(({ settlement }) => settlement)),
    { clock: deps.clock, emit, event: 'poll', ownerOf: ({ partnerId }) => partnerId },
  )
  let isBreakingOff = false

  const judge = (
    account: ClaimedAccount,
    verification: ClaimedVerification,
    { answer, askedAt }: { answer: Answer; askedAt: number },
  ) => {
    const now = store.now()
    const random = deps.random()
    const recent = recentCalls.add(account, { verificationId: verification.id, answer, askedAt, now })
    const change = accountChange(account, answer, { now, random, ...recent, invalidIds: verification.invalidIds })
    if (change?.kind === 'pause') recentCalls.paused(account.id, now)
    const intervalMs = deps.plan.intervalMs(account.id, now - verification.nudgedAt)
    const breaks = { startedAt, resumedAt: account.rampAt ?? 0 }
    const moment = { now, askedAt, random: deps.random(), policy, ...recent, intervalMs, breaks }
    const step = afterAnswer(verification, answer, moment)
    if (answer.kind === 'invalid_id' && step.dueAt === null) recentCalls.ended(account.id, verification.id)
    return { step, change }
  }

  const record = async (account: ClaimedAccount, { partnerId, settlement }: Answered): Promise<void> => {
    const outcome = await settle({ partnerId, settlement })
    if (outcome) reportOutcome(account, settlement, outcome)
    if (settlement.step.dueAt !== null) deps.onDue(settlement.step.dueAt)
  }

  const recordChange = async (account: ClaimedAccount, answered: Answered): Promise<void> => {
    slots.changing.start(account.id)
    try {
      await record(account, answered)
    } finally {
      slots.changing.end(account.id)
      // The change may allow the account more calls.
      deps.onDue(store.now())
    }
  }

  /**
   * Frees the slot when the answer arrives, unless the answer changes the account or the account is being probed: then
   * the caller frees it once the answer is recorded.
   */
  const ask = async (account: ClaimedAccount, verification: ClaimedVerification, freeSlot: () => void) => {
    const askedAt = store.now()
    const { id, claim, idcardid, partnerId } = verification
    if (account.id === TEST_ACCOUNT_ID) {
      const scripted = answerTestSerial(verification, { now: askedAt, policy })
      const unchanged = { id: account.id, change: null }
      const settlement = { id, claim, idcardid, ...scripted, askedAt, observedAt: askedAt, account: unchanged }
      return record(account, { partnerId, settlement })
    }
    const startedAt = deps.clock.monotonic()
    const answer = await upstream.ask(account, verification)
    if (isBreakingOff && answer.kind === 'transient') return
    const durationMs = Math.round(deps.clock.monotonic() - startedAt)
    const observedAt = store.now()
    // Calls that bring nothing are an outage, not slowness.
    if (silenceOf(answer) === null) answerTimes.add(account.id, durationMs, observedAt)
    deps.plan.polled(account.id, verification, { answer, askedAt })
    const { step, change } = judge(account, verification, { answer, askedAt })
    const settlement = { id, claim, idcardid, answer, askedAt, observedAt, step, account: { id: account.id, change } }
    report(account, verification, { settlement, durationMs })
    if (change) return recordChange(account, { partnerId, settlement })
    if (!isProbed(account)) freeSlot()
    return record(account, { partnerId, settlement })
  }

  const report = (
    asked: ClaimedAccount,
    verification: ClaimedVerification,
    { settlement, durationMs }: { settlement: VerificationSettlement; durationMs: number },
  ) => {
    const { id: verificationId, answer, step, account, observedAt } = settlement
    alert(asked, answer, account.change, observedAt)
    const lookup = lookupOf(verification, step)
    if (lookup !== null) deps.onLookup(verification.partnerId, lookup === 'not_found')
    const { kind, code } = answer
    const cause = answer.kind === 'transient' ? answer.cause : null
    emit('poll.answered', { verificationId, accountId: asked.id, account: asked.apiId, kind, code, cause, durationMs })
  }

  const poll = async (account: ClaimedAccount, verification: ClaimedVerification): Promise<void> => {
    const freeSlot = slots.take(account.id)
    unrecorded.start(null)
    try {
      await ask(account, verification, freeSlot)
    } catch (error) {
      emit('poll.failed', { error, verificationId: verification.id })
    } finally {
      freeSlot()
      unrecorded.end(null)
    }
  }

  return {
    /** Claims verifications that may be polled now and starts to poll them. */
    round: async (): Promise<Round> => {
      const leaseMs = leaseFor(CALLS_OF_A_POLL, deps.timeoutMs)
      // Slots as the claim sees them: a slot freed meanwhile counts as taken, because verifications may wait for it.
      const taken = slots.busy()
      const { claims, nextAt } = await store.claimVerifications({ busy: taken, concurrency, leaseMs })
      let claimed = 0
      for (const { account, verifications } of claims) {
        claimed += verifications.length
        taken.set(account.id, (taken.get(account.id) ?? 0) + verifications.length)
        for (const verification of verifications) void poll(account, verification)
      }
      return { claimed, nextAt, waits: [...taken.values()].some(count => count >= concurrency) }
    },
    /** Number of polls in flight. */
    underWay: slots.underWay,
    answers: (): NodeAnswers => answerTimes.means(store.now()),
    /**
     * Call before breaking off the calls: no failure is counted then, and their verifications are due when their leases
     * end.
     */
    breakOff: (): void => {
      isBreakingOff = true
    },
    /** Resolves when all claimed verifications are recorded or broken off. */
    whenIdle: unrecorded.whenIdle,
  }
}
